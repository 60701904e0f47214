// The package as it is delivered: what is in it, what lintian says of it, and that it runs from its own files alone.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { command } from "../../scripts/package-deb/command.ts";
import { RUNTIME } from "../../scripts/package-deb/runtime.ts";
import { builtPackage } from "./built-package.ts";

describe("the Debian package", function () {
  this.timeout(300_000);
  let deb: string;
  let root: string;
  before(async () => {
    deb = path.resolve(await builtPackage());
    root = await mkdtemp(path.join(tmpdir(), "vgpud-extracted-"));
    await command("dpkg-deb", ["-x", deb, root]);
  });
  after(() => rm(root, { recursive: true, force: true }));

  const inPackage = (file: string): string => path.join(root, file);
  const node = (): string => inPackage("usr/lib/vgpud/bin/node");
  const script = (name: string): string => inPackage(`usr/lib/vgpud/dist/agent/${name}`);
  /** Away from the project, and with no other Node.js in reach. */
  const away = (): { cwd: string; env: Record<string, string> } => ({
    cwd: root,
    env: { PATH: "/usr/sbin:/usr/bin" },
  });

  it("has no error and no warning for lintian", async () => {
    const said = await command("lintian", ["--fail-on", "none", "--allow-root", deb]);
    assert.equal(said, "");
  });

  it("runs a domain's life with the runtime it brings, and warns of nothing", async () => {
    const agent = spawn(node(), [script("main.js"), "--simulate"], {
      ...away(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log: string[] = [];
    createInterface(agent.stderr).on("line", (line) => log.push(line));
    try {
      const { socket, images } = await readyLine(agent, log);
      const disk = path.join(images, "web.img");
      await writeFile(disk, "disk");
      const vgpuctl = (...words: readonly string[]): Promise<string> =>
        command(node(), [script("cli/main.js"), ...words, "--socket", socket, "-o", "json"], away());
      const slice = ["--type", "i915-GVTg_V5_4", "--vcpus", "1", "--memory", "64"];
      await vgpuctl("create", "web", ...slice, "--disk", disk, "--disk-format", "raw");
      assert.match(await vgpuctl("vgpus"), /"i915-GVTg_V5_4"/);
      await vgpuctl("destroy", "web");
      assert.doesNotMatch(await vgpuctl("vgpus"), /"i915-GVTg_V5_4"/);
    } finally {
      agent.kill("SIGTERM");
    }
    await once(agent, "close");
    assert.equal(agent.exitCode, 0, log.join("\n"));
    assert.deepEqual(
      // As Node.js warns: `(node:42) DeprecationWarning: …`.
      log.filter((line) => /Warning: /.test(line)),
      [],
    );
  });

  it("brings the runtime that is pinned, and says so in its bill of materials", async () => {
    assert.equal((await command(node(), ["--version"])).trim(), `v${RUNTIME.version}`);
    const sbom = z
      .object({ components: z.array(z.object({ name: z.string(), version: z.string() })) })
      .parse(JSON.parse(await readFile(deb.replace(/\.deb$/, ".cdx.json"), "utf8")));
    const has = (name: string): string | undefined =>
      sbom.components.find((component) => component.name === name)?.version;
    assert.equal(has("node"), RUNTIME.version);
    assert.notEqual(has("@grpc/grpc-js"), undefined);
    assert.equal(has("mocha"), undefined);
  });

  it("is the one that SHA256SUMS names", async () => {
    const sums = await readFile(path.join(path.dirname(deb), "SHA256SUMS"), "utf8");
    const sum = createHash("sha256")
      .update(await readFile(deb))
      .digest("hex");
    assert.ok(sums.includes(`${sum}  ${path.basename(deb)}\n`));
  });

  it("installs programs, pages and licences where an operator looks for them", async () => {
    const listed = await command("dpkg-deb", ["-c", deb]);
    for (const file of [
      "/usr/bin/vgpuctl",
      "/usr/sbin/vgpud",
      "/usr/libexec/vgpud-hostd",
      "/usr/share/man/man1/vgpuctl.1.gz",
      "/usr/share/man/man8/vgpud.8.gz",
      "/usr/share/man/man8/vgpud-hostd.8.gz",
      "/usr/share/vgpud/proto/vgpud/v1/domain_service.proto",
      "/usr/share/doc/vgpud/copyright",
      "/usr/share/doc/vgpud/examples/config.yaml",
      "/usr/share/doc/vgpud/examples/desktop.yaml",
      "/usr/share/bash-completion/completions/vgpuctl",
      "/usr/share/zsh/vendor-completions/_vgpuctl",
      "/usr/share/fish/vendor_completions.d/vgpuctl.fish",
    ])
      assert.ok(listed.includes(` .${file}\n`), file);
    assert.doesNotMatch(listed, /\.map$|\.d\.ts$|\/test\//m);
  });

  it("has what each link of its documentation leads to", async () => {
    const pages = (await filesBelow(inPackage("usr/share/doc/vgpud"))).filter((file) => file.endsWith(".md"));
    const links = (await Promise.all(pages.map(linksOf))).flat();
    const dead = links.filter(({ to }) => !existsSync(to));
    assert.deepEqual(dead, []);
    assert.ok(links.length > 30, `only ${links.length} links`);
  });

  it("holds the licence of everything it contains", async () => {
    const copyright = await readFile(inPackage("usr/share/doc/vgpud/copyright"), "utf8");
    assert.match(copyright, /^Files: usr\/lib\/vgpud\/bin\/node$/m);
    assert.match(copyright, /^Files: usr\/lib\/vgpud\/dist\/agent\/bundle\/\*$/m);
    assert.match(copyright, /^ @grpc\/grpc-js \d/m);
    // Inside another package, which was bundled when it was published.
    assert.match(copyright, /^ minipass \d/m);
    assert.match(copyright, /Copyright 2008 Google Inc\./);
    assert.doesNotMatch(copyright, /^License:\s*$/m);
  });
});

async function filesBelow(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).map((file) => path.join(folder, file));
}

/** The relative links of a page and the files they lead to, anchors left out. */
async function linksOf(page: string): Promise<readonly { page: string; to: string }[]> {
  const found = (await readFile(page, "utf8")).matchAll(/\]\(([^)\s#:]+)(?:#[^)\s]*)?\)/g);
  return [...found].map(([, target = ""]) => ({ page, to: path.resolve(path.dirname(page), target) }));
}

/** Where the agent serves, from the line that says that it is ready. */
async function readyLine(
  agent: ChildProcess,
  log: readonly string[],
): Promise<{ socket: string; images: string }> {
  if (agent.stdout === null) throw new Error("no standard output");
  for await (const line of createInterface(agent.stdout)) {
    const [, socket, images] = /^ready socket=(\S+) .*images=(\S+)/.exec(line) ?? [];
    if (socket !== undefined && images !== undefined) return { socket, images };
  }
  throw new Error(`vgpud ended before it was ready:\n${log.join("\n")}`);
}
