// The guest's end of the command channel: runs commands, writes files and joins connections for the harness.
// One long-running process, because starting Node takes seconds under emulation. Uses Node's own modules only.
import { spawn, type ChildProcess } from "node:child_process";
import {
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  renameSync,
  write,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { constants } from "node:os";
import { dirname } from "node:path";
import { decode, encode, LineSplitter, portName, type Message } from "../protocol.ts";

const chunkBytes = 64 * 1024;

const children = new Map<number, ChildProcess>();
const sockets = new Map<number, Socket>();
/** Number of the connection that was accepted last. */
let lastAccepted = 0;

/** The port by its name: the kernel numbers the devices, and opening a wrong name would make a plain file. */
function findPort(): string {
  const ports = "/sys/class/virtio-ports";
  for (const port of readdirSync(ports))
    if (readFileSync(`${ports}/${port}/name`, "utf8").trim() === portName) return `/dev/${port}`;
  throw new Error(`no virtio-serial port named ${portName}`);
}

const port = openSync(findPort(), "r+");

// Writes go out one after the other; the driver blocks them (in a thread of the pool) while the host is not reading.
const queue: string[] = [];
let writing = false;

function send(message: Message): void {
  queue.push(encode(message));
  if (!writing) writeNext();
}

function writeNext(): void {
  const text = queue.splice(0).join("");
  writing = text !== "";
  if (writing) writeAll(Buffer.from(text));
}

function writeAll(bytes: Buffer): void {
  write(port, bytes, 0, Math.min(bytes.length, chunkBytes), null, (error, written) => {
    if (error) throw error;
    if (written < bytes.length) writeAll(bytes.subarray(written));
    else writeNext();
  });
}

/** How long output may trail a command's end when a process it left behind keeps the pipes open. */
const trailingMs = 300;

function run(id: number, command: string, stdin: string): void {
  // Its own process group, so that a kill reaches what the shell has started.
  const child = spawn("bash", ["-c", command], { detached: true, stdio: "pipe" });
  let reported = false;
  const report = (message: Message): void => {
    if (!reported) send(message);
    reported = true;
    children.delete(id);
  };
  children.set(id, child);
  child.stdin.on("error", () => undefined);
  child.stdin.end(Buffer.from(stdin, "base64"));
  child.stdout.on("data", (data: Buffer) => {
    if (!reported) send({ op: "out", id, stream: 1, data: data.toString("base64") });
  });
  child.stderr.on("data", (data: Buffer) => {
    if (!reported) send({ op: "out", id, stream: 2, data: data.toString("base64") });
  });
  child.on("error", (error) => {
    report({ op: "fail", id, text: error.message });
  });
  const exited = (code: number | null, signal: NodeJS.Signals | null): void => {
    report({ op: "exit", id, code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
  };
  child.on("close", exited);
  child.on("exit", (code, signal) => setTimeout(exited, trailingMs, code, signal));
}

function kill(id: number, signal: string): void {
  const pid = children.get(id)?.pid;
  if (pid !== undefined) process.kill(-pid, signal);
}

/** Whole or not at all, as a reader in the guest sees it. */
function writeFile(path: string, mode: number, data: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, Buffer.from(data, "base64"), { mode });
  renameSync(`${path}.part`, path);
}

/** `address` is `unix:PATH` or `tcp:PORT` on the guest's loopback. */
function join(id: number, address: string): void {
  const colon = address.indexOf(":");
  const where = address.slice(colon + 1);
  const socket = address.startsWith("unix:")
    ? connect({ path: where })
    : connect({ host: "127.0.0.1", port: Number(where) });
  socket.on("connect", () => {
    send({ op: "done", id });
  });
  socket.on("error", (error) => {
    send({ op: "fail", id, text: `${address}: ${error.message}` });
  });
  relay(id, socket);
}

/** Whoever connects to a port of the guest's loopback is led to the host; for as long as the guest runs. */
function listenOn(id: number, tcpPort: number): void {
  createServer((socket) => {
    const connection = --lastAccepted;
    socket.on("error", () => undefined);
    send({ op: "accepted", id, connection });
    relay(connection, socket);
  })
    .on("error", (error) => {
      send({ op: "fail", id, text: `port ${tcpPort}: ${error.message}` });
    })
    .listen(tcpPort, "127.0.0.1", () => {
      send({ op: "done", id });
    });
}

/** What comes in on a connection goes to the host, and its end. */
function relay(id: number, socket: Socket): void {
  sockets.set(id, socket);
  socket.on("data", (data) => {
    send({ op: "data", id, data: data.toString("base64") });
  });
  socket.on("close", () => {
    sockets.delete(id);
    send({ op: "end", id });
  });
}

/** A restored guest believes it is still the moment of the snapshot. */
function greet(id: number, now: number): void {
  const ready = (): void => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    send({ op: "ready", id, boot });
  };
  if (Math.abs(Date.now() - now) < 1000) ready();
  else spawn("date", ["--set", `@${(now / 1000).toFixed(3)}`]).on("close", ready);
}

function handle(message: Message): void {
  switch (message.op) {
    case "hello":
      greet(message.id, message.now);
      return;
    case "run":
      run(message.id, message.command, message.stdin);
      return;
    case "kill":
      kill(message.id, message.signal);
      return;
    case "write":
      writeFile(message.path, message.mode, message.data);
      send({ op: "done", id: message.id });
      return;
    case "connect":
      join(message.id, message.address);
      return;
    case "listen":
      listenOn(message.id, message.port);
      return;
    case "data":
      sockets.get(message.id)?.write(Buffer.from(message.data, "base64"));
      return;
    case "end":
      sockets.get(message.id)?.end();
      return;
    case "ready":
    case "out":
    case "exit":
    case "done":
    case "fail":
    case "accepted":
      return;
  }
}

const lines = new LineSplitter();
const buffer = Buffer.alloc(chunkBytes);

function take(bytes: Buffer): void {
  for (const line of lines.push(bytes)) {
    const message = decode(line);
    if (message === undefined) continue;
    try {
      handle(message);
    } catch (error) {
      send({ op: "fail", id: message.id, text: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Reads for ever; the port reads as ended while nobody on the host has it open. */
function listen(): void {
  read(port, buffer, 0, buffer.length, null, (error, length) => {
    if (error) throw error;
    take(Buffer.from(buffer.subarray(0, length)));
    if (length === 0) setTimeout(listen, 50);
    else listen();
  });
}

listen();
