import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { HostdClient, HostdUnavailableError } from "../../../agent/host/hostd-client.ts";
import { GPU, GvtTree, TYPE } from "../../fakes/gvt-tree.ts";
import {
  Bench,
  commandLine,
  exclusiveTerminal,
  groupsAreTerminals,
  hostdProgram as main,
  OPENS_ONCE,
  PATIENT,
} from "./bench.ts";
import { StartedProcess } from "../../fakes/process.ts";

const run = promisify(execFile);
const ID = "76677075-0000-8000-8000-000000000001";
const OTHER = "76677075-0000-8000-8000-000000000002";

describe("hostd", () => {
  it("writes the UUID into the type's create file", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.createMdev({ gpu: GPU, type: TYPE, vgpuId: ID }), { kind: "done" });
    assert.equal(await readFile(bench.tree.createFile, "utf8"), ID);
  });

  it("answers with the errno, the call and the path when the kernel refuses", async () => {
    await using bench = await Bench.make();
    const missing = await bench.client.createMdev({ gpu: "0000:00:03.0", type: TYPE, vgpuId: ID });
    assert.deepEqual(missing, {
      kind: "errno",
      errno: "ENOENT",
      call: "lstat",
      path: path.join(bench.tree.root, "sys/class/mdev_bus/0000:00:03.0"),
    });
  });

  it("answers with the errno of write(2) too", async () => {
    // A real refusal by a real file system: files may not grow beyond 0 bytes.
    await using bench = await Bench.make(["prlimit", "--fsize=0"]);
    const result = await bench.client.createMdev({ gpu: GPU, type: TYPE, vgpuId: ID });
    assert.deepEqual(result, { kind: "errno", errno: "EFBIG", call: "write", path: bench.tree.createFile });
  });

  it("does not write through a link in place of the file", async () => {
    await using bench = await Bench.make();
    await rm(bench.tree.createFile);
    await symlink("/dev/null", bench.tree.createFile);
    const result = await bench.client.createMdev({ gpu: GPU, type: TYPE, vgpuId: ID });
    assert.deepEqual(result, { kind: "errno", errno: "ELOOP", call: "open", path: bench.tree.createFile });
  });

  it("removes an idle vGPU and says when there is none", async () => {
    await using bench = await Bench.make();
    const remove = await bench.tree.addMdev(ID, { group: "12" });
    assert.deepEqual(await bench.client.removeMdev(ID), { kind: "done" });
    assert.equal(await readFile(remove, "utf8"), "1");
    assert.deepEqual(await bench.client.removeMdev(OTHER), { kind: "absent" });
    assert.deepEqual(await bench.client.holders(OTHER), { kind: "absent" });
  });

  it("refuses to remove an mdev that is not a GVT-g vGPU", async () => {
    await using bench = await Bench.make();
    const remove = await bench.tree.addMdev(ID, { group: "12", type: "nvidia-222" });
    assert.equal((await bench.client.removeMdev(ID)).kind, "refused");
    assert.equal(await readFile(remove, "utf8"), "");
  });

  it("does not remove what it cannot prove idle", async () => {
    await using bench = await Bench.make();
    const remove = await bench.tree.addMdev(ID, { group: "12" });
    await rm(path.join(bench.tree.root, "dev/vfio/12"));
    const result = await bench.client.removeMdev(ID);
    assert.deepEqual(result.kind === "errno" && [result.errno, result.call], ["ENOENT", "open"]);
    assert.equal(await readFile(remove, "utf8"), "");
  });

  it("names the processes that hold a vGPU, with the domain of a QEMU", async () => {
    await using bench = await Bench.make();
    await bench.tree.addMdev(ID, { group: "12" });
    await bench.tree.addQemu(4711, { domain: "desk,1", group: "12" });
    await bench.tree.addQemu(4712, { domain: "other", group: "13" });
    assert.deepEqual(await bench.client.holders(ID), {
      kind: "holders",
      holders: [{ pid: 4711, command: "qemu-system-x86", domain: "desk,1" }],
    });
  });

  it("answers `held` without writing when the group is open elsewhere", async () => {
    await using tty = await exclusiveTerminal();
    await using bench = await Bench.make(OPENS_ONCE);
    const remove = await bench.tree.addMdev(ID, { group: tty.number });
    await groupsAreTerminals(bench.tree.root);
    await bench.tree.addQemu(4711, { domain: "desk-1", group: tty.number });
    assert.deepEqual(await bench.client.removeMdev(ID), {
      kind: "held",
      holders: [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }],
    });
    assert.equal(await readFile(remove, "utf8"), "");
  });
});

describe("hostd with a vGPU that somebody else is removing", () => {
  it("answers `held` with the holder's name until the GPU has forgotten it too", async () => {
    await using bench = await Bench.make();
    const remove = await bench.tree.addMdev(ID, { group: "12" });
    await bench.tree.addQemu(4711, { domain: "desk-1", group: "12" });
    await rm(path.join(bench.tree.root, "sys/bus/mdev/devices", ID));
    const holders = [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }];
    assert.deepEqual(await bench.client.removeMdev(ID), { kind: "held", holders });
    assert.deepEqual(await bench.client.holders(ID), { kind: "holders", holders });
    await rm(path.dirname(remove), { recursive: true });
    assert.deepEqual(await bench.client.removeMdev(ID), { kind: "absent" });
  });
});

describe("hostd with a remove that hangs in the kernel", () => {
  it("answers `blocked` in time, names child and holder, serves others, and lets a retry join", async () => {
    await using bench = await Bench.make();
    await block(bench.tree, ID);
    await bench.tree.addMdev(OTHER, { group: "13" });
    await bench.tree.addQemu(4711, { domain: "desk-1", group: "12" });

    const first = await bench.client.removeMdev(ID, { deadlineMs: 2000 });
    assert.ok(first.kind === "blocked");
    assert.deepEqual(first.holders, [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }]);
    assert.match(await commandLine(first.childPid), new RegExp(`^vgpud-hostd: remove-mdev ${ID}`));
    assert.deepEqual(await bench.client.removeMdev(OTHER), { kind: "done" });

    const second = await bench.client.removeMdev(ID, { deadlineMs: 2000 });
    assert.ok(second.kind === "blocked");
    assert.equal(second.childPid, first.childPid);
    assert.ok(second.elapsedMs >= first.elapsedMs);
    const create = await bench.client.createMdev({ gpu: GPU, type: TYPE, vgpuId: ID }, { deadlineMs: 2000 });
    assert.deepEqual(create.kind === "blocked" && create.childPid, first.childPid);

    const third = bench.client.removeMdev(ID);
    const released = release(bench.tree, ID);
    assert.deepEqual(await third, { kind: "done" });
    assert.equal(await released, "1");
  });

  it("ends at SIGTERM and leaves the child to the kernel", async () => {
    await using bench = await Bench.make();
    await block(bench.tree, ID);
    const blocked = await bench.client.removeMdev(ID, { deadlineMs: 2000 });
    assert.ok(blocked.kind === "blocked");
    await bench.process.end();
    process.kill(blocked.childPid, 0);
    assert.equal(await release(bench.tree, ID), "1");
  });
});

describe("hostd's socket", () => {
  it("is for owner and group only", async () => {
    await using bench = await Bench.make();
    assert.equal((await stat(bench.socketPath)).mode & 0o777, 0o660);
  });

  it("is not taken from a living hostd, but from a dead one", async () => {
    await using bench = await Bench.make();
    await assert.rejects(bench.start(), /another process answers there/);
    await bench.process.end("SIGKILL");
    assert.ok((await stat(bench.socketPath)).isSocket());
    await bench.start();
    assert.equal((await bench.client.holders(ID)).kind, "absent");
  });

  it("never replaces a file that is no socket", async () => {
    await using tree = await GvtTree.make();
    const file = path.join(tree.root, "precious");
    await writeFile(file, "data");
    const started = StartedProcess.start([process.execPath, main, "--socket", file, "--root", tree.root]);
    await assert.rejects(
      started,
      /ended with 1: vgpud-hostd: cannot listen at .*: it exists and is no socket/,
    );
    assert.equal(await readFile(file, "utf8"), "data");
  });

  it("is systemd's when systemd hands one over", async () => {
    await using tree = await GvtTree.make();
    const socketPath = path.join(tree.root, "activated.sock");
    // What systemd does for a socket unit (sd_listen_fds(3)): a listening descriptor 3 and two variables.
    const program = `
      use IO::Socket::UNIX; use POSIX "dup2"; $^F = 10;
      my $socket = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die; dup2(fileno($socket), 3);
      $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec(@ARGV[1 .. $#ARGV]) or die;`;
    const words = ["perl", "-e", program, socketPath, process.execPath, main, "--root", tree.root];
    await using hostd = await StartedProcess.start(words);
    assert.equal(hostd.ready, "ready");
    const client = new HostdClient({ socketPath, ...PATIENT });
    assert.equal((await client.holders(ID)).kind, "absent");
    client.close();
  });

  it("must be named when systemd hands none over", async () => {
    await assert.rejects(StartedProcess.start([process.execPath, main]), /ended with 64: usage: vgpud-hostd/);
    await assert.rejects(StartedProcess.start([process.execPath, main, "--what"]), /ended with 64: usage/);
  });

  it("answers garbage once and hangs up, without harm to others", async () => {
    await using bench = await Bench.make();
    for (const garbage of ["GET / HTTP/1.1\r\n\r\n", "x".repeat(20_000), "{}\n", '{"id":0}\n', "\u0000\n"]) {
      const lines = await talk(bench.socketPath, garbage);
      assert.equal(lines.length, 2, garbage.slice(0, 20));
      assert.match(lines[1] ?? "", /^\{"id":0,"result":\{"kind":"refused"/);
    }
    assert.equal((await bench.client.holders(ID)).kind, "absent");
  });

  it("refuses by id what is not in the allowlist and keeps the connection", async () => {
    await using bench = await Bench.make();
    const socket = net.connect(bench.socketPath);
    const replies = createInterface(socket);
    await once(replies, "line");
    const results: string[] = [];
    replies.on("line", (line) => results.push(line));
    socket.write('{"id":5,"deadlineMs":1000,"operation":{"kind":"write","path":"/etc/passwd"}}\n');
    socket.write(`{"id":6,"deadlineMs":20000,"operation":{"kind":"holders","vgpuId":"${ID}"}}\n`);
    while (results.length < 2) await once(replies, "line");
    assert.match(results[0] ?? "", /"id":5,"result":\{"kind":"refused"/);
    assert.equal(results[1], '{"id":6,"result":{"kind":"absent"}}');
    socket.destroy();
  });

  it("outlives a peer that asks and goes away", async () => {
    await using bench = await Bench.make();
    const socket = net.connect(bench.socketPath);
    await once(socket, "data");
    socket.end(`{"id":6,"deadlineMs":20000,"operation":{"kind":"holders","vgpuId":"${ID}"}}\n`);
    socket.destroy();
    assert.equal((await bench.client.holders(ID)).kind, "absent");
  });
});

describe("the client of hostd", () => {
  it("ends a call by its deadline when hostd is stopped, and goes on when it runs again", async () => {
    await using bench = await Bench.make();
    assert.equal((await bench.client.holders(ID)).kind, "absent");
    bench.process.child.kill("SIGSTOP");
    await assert.rejects(bench.client.holders(ID, { deadlineMs: 200 }), HostdUnavailableError);
    bench.process.child.kill("SIGCONT");
    assert.equal((await bench.client.holders(ID)).kind, "absent");
  });

  it("fails its calls when hostd dies and connects again with the next one", async () => {
    await using bench = await Bench.make();
    await block(bench.tree, ID);
    const blocked = await bench.client.removeMdev(ID, { deadlineMs: 2000 });
    assert.equal(blocked.kind, "blocked");
    // What hostd heard of may happen without it; what nobody was there to hear of does not.
    const name = "HostdUnavailableError";
    const call = assert.rejects(bench.client.removeMdev(ID), { name, isUnsent: false });
    await bench.process.end("SIGKILL");
    await call;
    await assert.rejects(bench.client.holders(ID), { name, message: /ECONNREFUSED/, isUnsent: true });
    await bench.start();
    assert.equal((await bench.client.holders(ID)).kind, "holders");
    await release(bench.tree, ID);
  });

  it("ends at once, with the reason given, when its caller aborts", async () => {
    await using bench = await Bench.make();
    await block(bench.tree, ID);
    const abort = new AbortController();
    const call = bench.client.removeMdev(ID, { signal: abort.signal });
    abort.abort(new Error("the request was cancelled"));
    await assert.rejects(call, /the request was cancelled/);
    const retried = bench.client.removeMdev(ID);
    await release(bench.tree, ID);
    assert.equal((await retried).kind, "done");
  });

  it("refuses a server that speaks something else", async () => {
    await using tree = await GvtTree.make();
    const socketPath = path.join(tree.root, "other.sock");
    const server = net.createServer((socket) => socket.end("220 ready\n")).listen(socketPath);
    await once(server, "listening");
    await assert.rejects(new HostdClient({ socketPath }).holders(ID), /the line is not JSON/);
    server.close();
  });
});

/** Replaces the mdev's `remove` by a FIFO: opening it for writing waits in the kernel until somebody reads. */
async function block(tree: GvtTree, vgpuId: string): Promise<void> {
  const file = await tree.addMdev(vgpuId, { group: "12" });
  await rm(file);
  await run("mkfifo", [file]);
}

async function release(tree: GvtTree, vgpuId: string): Promise<string> {
  let text = "";
  const file = path.join(tree.root, "sys/bus/mdev/devices", vgpuId, "remove");
  for await (const piece of createReadStream(file, "utf8")) text += String(piece);
  return text;
}

async function talk(socketPath: string, text: string): Promise<readonly string[]> {
  const socket = net.connect(socketPath);
  socket.write(text);
  const lines: string[] = [];
  for await (const line of createInterface(socket)) lines.push(line);
  return lines;
}
