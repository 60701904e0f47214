// The package's texts that are computed: control file, changelog, copyright. Pure.
import type { Package } from "./packages.ts";

/** What vgpud and the packages that it runs on were gathered into. */
const BUNDLES = "usr/lib/vgpud/dist/agent/bundle/*";
const MAINTAINER = "vgpud maintainers <maintainers@vgpud.invalid>";

/** `kib`: what the package takes installed. */
export function controlFile(version: string, kib: number): string {
  // The libraries' versions are those whose symbols the runtime asks for (objdump -T).
  return `Package: vgpud
Version: ${version}
Architecture: amd64
Maintainer: ${MAINTAINER}
Installed-Size: ${kib}
Depends: libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 8), systemd (>= 249)
Recommends: libvirt-daemon-system
Suggests: libvirt-clients, linux-perf, qemu-system-x86
Section: admin
Priority: optional
Description: vGPU node agent for Xen and KVM hosts with Intel graphics
 vgpud finds the Intel GPUs of a host and what they can share, keeps account
 of every vGPU slice, exports Prometheus metrics, and offers a local gRPC API
 with which a scheduler creates and destroys libvirt domains that hold a vGPU.
 .
 It brings the Node.js runtime it is tested with. vgpuctl is its command line.
`;
}

/** Debian's changelog from the project's: its newest version's entries, each a line of its own. */
export function debianChangelog(changelog: string, version: string, date: Date): string {
  const [, newest = ""] = changelog.split(/^## .*$/m);
  const entries = newest
    .split(/^- /m)
    .slice(1)
    .map((entry) => entry.replace(/^#.*$/gm, "").replace(/\s+/g, " ").trim());
  const lines = entries.map((entry) =>
    wrapped(entry, 74).map((line, at) => `${at === 0 ? "  * " : "    "}${line}`),
  );
  return [
    `vgpud (${version}) unstable; urgency=medium`,
    "",
    ...lines.flat(),
    "",
    ` -- ${MAINTAINER}  ${date.toUTCString().replace("GMT", "+0000")}`,
    "",
  ].join("\n");
}

function wrapped(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Machine-readable copyright (DEP-5) of vgpud, the runtime and each npm package, with their licences' whole texts. */
export function copyrightFile(packages: readonly Package[], runtimeLicense: string): string {
  const ours = files("*", "vgpud authors", "Apache-2.0");
  const runtime = files("usr/lib/vgpud/bin/node", copyrightLine(runtimeLicense), "Node.js");
  const holders = packages.map(
    ({ name, version, licenseText }) => ` ${name} ${version}: ${copyrightLine(licenseText)}`,
  );
  const labels = [...new Set(["Apache-2.0", ...packages.map(label)])];
  const bundles = files(BUNDLES, ["vgpud authors", ...holders].join("\n"), labels.join(" and "));
  const texts = new Map(packages.map((each) => [label(each), each.licenseText]));
  return [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: vgpud\n",
    ours,
    runtime,
    bundles,
    "License: Apache-2.0\n On Debian systems, the text of the Apache License, version 2.0, is in\n /usr/share/common-licenses/Apache-2.0.\n",
    `License: Node.js\n${indented(runtimeLicense)}\n`,
    ...[...texts].filter(([name]) => name !== "Apache-2.0").map(([name, text]) => licenseStanza(name, text)),
  ].join("\n");
}

/** Packages under Apache-2.0 share Debian's copy of the text; another licence's text names its authors, so each has its own. */
function label({ name, license }: Package): string {
  return license === "Apache-2.0"
    ? license
    : `${license.replaceAll(/[()\s]+/g, "-")}-${name.replaceAll(/[@/]/g, "-")}`;
}

function licenseStanza(name: string, text: string): string {
  return `License: ${name}\n${indented(text)}\n`;
}

function files(pattern: string, holder: string, license: string): string {
  return `Files: ${pattern}\nCopyright: ${holder}\nLicense: ${license}\n`;
}

function copyrightLine(text: string): string {
  const line = /^.*copyright\s+(?:\(c\)|©|\d{4}|[A-Z]).*$/im.exec(text)?.[0].trim();
  return line ?? "its authors";
}

function indented(text: string): string {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  return lines.map((line) => (line === "" ? " ." : ` ${line}`)).join("\n");
}
