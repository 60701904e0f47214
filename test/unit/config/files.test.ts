// Which files count, in a tree of their own.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadConfig } from "../../../agent/config/load.ts";
import { ConfigError } from "../../../agent/config/problem.ts";

describe("the configuration's files", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "vgpud-config-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  };
  const mask = async (file: string): Promise<void> => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await symlink("/dev/null", path.join(root, file));
  };
  const load = (file?: string): ReturnType<typeof loadConfig> => loadConfig({ file, root, flags: [] });
  const names = async (): Promise<string[]> => (await load()).files.map((file) => path.relative(root, file));

  it("need not exist", async () => {
    assert.deepEqual(await names(), []);
  });

  it("are one main file, the operator's before the boot's before the vendor's", async () => {
    await write("usr/lib/vgpud/config.yaml", "socket: /usr");
    assert.equal((await load()).config.socket, "/usr");
    await write("run/vgpud/config.yaml", "state_dir: /run");
    const { config } = await load();
    assert.deepEqual([config.socket, config.state_dir], ["/run/vgpud/vgpud.sock", "/run"]);
    await write("etc/vgpud/config.yaml", "socket: /etc");
    assert.deepEqual(await names(), ["etc/vgpud/config.yaml"]);
  });

  it("are the drop-ins of all folders in the order of their names, each name once", async () => {
    await write("etc/vgpud/config.yaml", "socket: /main");
    await write("usr/lib/vgpud/config.yaml.d/50-vendor.yaml", "socket: /vendor\nstate_dir: /vendor");
    await write("etc/vgpud/config.yaml.d/10-early.yaml", "socket: /early\nhost_root: /early");
    await write("run/vgpud/config.yaml.d/20-both.yaml", "host_root: /run");
    await write("etc/vgpud/config.yaml.d/20-both.yaml", "host_root: /etc");
    await write("etc/vgpud/config.yaml.d/ignored.txt", "nonsense");
    await write("etc/vgpud/config.yaml.d/.hidden.yaml", "nonsense");
    const { config } = await load();
    assert.deepEqual([config.socket, config.state_dir, config.host_root], ["/vendor", "/vendor", "/etc"]);
    assert.deepEqual(await names(), [
      "etc/vgpud/config.yaml",
      "etc/vgpud/config.yaml.d/10-early.yaml",
      "etc/vgpud/config.yaml.d/20-both.yaml",
      "usr/lib/vgpud/config.yaml.d/50-vendor.yaml",
    ]);
  });

  it("are masked by an empty file or a link to /dev/null of the same name", async () => {
    await write("usr/lib/vgpud/config.yaml", "socket: /usr");
    await mask("etc/vgpud/config.yaml");
    await write("usr/lib/vgpud/config.yaml.d/a.yaml", "socket: /a");
    await write("run/vgpud/config.yaml.d/a.yaml", "");
    await write("usr/lib/vgpud/config.yaml.d/b.yaml", "state_dir: /b");
    await mask("etc/vgpud/config.yaml.d/b.yaml");
    assert.deepEqual(await names(), []);
  });

  it("are none but the one that is named on the command line", async () => {
    await write("etc/vgpud/config.yaml", "socket: /etc");
    await write("etc/vgpud/config.yaml.d/a.yaml", "state_dir: /a");
    await write("mine.yaml", "host_root: /mine");
    const { config, files } = await load(path.join(root, "mine.yaml"));
    assert.deepEqual(files, [path.join(root, "mine.yaml")]);
    assert.deepEqual([config.socket, config.host_root], ["/run/vgpud/vgpud.sock", "/mine"]);
    await assert.rejects(load(path.join(root, "missing.yaml")), (error) => {
      return error instanceof ConfigError && /missing\.yaml: no such file$/.test(error.message);
    });
  });

  it("are told all together when several are wrong", async () => {
    await write("etc/vgpud/config.yaml", "a: 1");
    await write("etc/vgpud/config.yaml.d/b.yaml", "b: 1");
    await assert.rejects(load(), (error) => error instanceof ConfigError && error.problems.length === 2);
  });

  it("are told by name when they are there and cannot be read", async () => {
    await mkdir(path.join(root, "etc/vgpud/config.yaml"), { recursive: true });
    await assert.rejects(load(), /etc\/vgpud\/config\.yaml: cannot be read: EISDIR/);
  });

  it("are looked for below a folder that is there", async () => {
    await write("file", "");
    for (const name of ["missing", "file", "file/below"])
      await assert.rejects(
        loadConfig({ file: undefined, root: path.join(root, name), flags: [] }),
        (error) =>
          error instanceof ConfigError && error.message === `${path.join(root, name)}: no such folder`,
        name,
      );
  });

  it("are refused when they are no text, or too long to be meant", async () => {
    for (const bytes of [
      Buffer.from([0x61, 0xff]),
      Buffer.from("socket: /a\0"),
      Buffer.alloc(2 * 1024 * 1024, "#"),
    ]) {
      await writeFile(path.join(root, "odd.yaml"), bytes);
      await assert.rejects(load(path.join(root, "odd.yaml")), /odd\.yaml: cannot be read: it /);
    }
  });
});
