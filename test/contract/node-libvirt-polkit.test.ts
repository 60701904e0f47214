// polkit as an agent without root meets it: a real D-Bus, polkitd and libvirtd, and Debian's own rule for the group.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { RealLibvirtd, installed, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);
const POLKITD = "/usr/lib/polkit-1/polkitd";
const RULE = "/usr/share/polkit-1/rules.d/60-libvirt.rules";

function whyNoPolkit(): string | undefined {
  const missing = [POLKITD, RULE].filter((path) => !existsSync(path));
  if (!installed("dbus-daemon")) missing.push("dbus-daemon");
  return missing.length > 0
    ? `${missing.join(", ")} not installed (polkitd, libvirt-daemon-system, dbus)`
    : undefined;
}

const idOf = (kind: "-u" | "-g", user: string): string =>
  spawnSync("id", [kind, user]).stdout.toString().trim();

const OWNED =
  "dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.PolicyKit1";

// The rule asks the user database, not the process, so `nobody` is made a member in a copy that only the namespace sees.
const BEFORE = [
  "mkdir -p dbus /run/dbus && mount --bind dbus /run/dbus",
  "sed 's/^\\(libvirt:[^:]*:[^:]*:\\).*/\\1nobody/' /etc/group > group && mount --bind group /etc/group",
  "dbus-daemon --system --nofork --nopidfile >/dev/null 2>&1 & echo $! > dbus.pid",
  "for i in $(seq 100); do test -S /run/dbus/system_bus_socket && break; sleep 0.05; done",
  `${POLKITD} --no-debug >/dev/null 2>&1 & echo $! > polkitd.pid`,
  `for i in $(seq 100); do ${OWNED} | grep -q true && break; sleep 0.05; done`,
];

describe("the client as a user who is not root, with a real polkitd", function () {
  this.timeout(30_000);
  let libvirtd: RealLibvirtd | undefined;

  before(async function () {
    unlessImpossible(this, whyNoLibvirtd() ?? whyNoPolkit());
    const configuration = 'auth_unix_rw = "polkit"\nunix_sock_rw_perms = "0777"\nlog_outputs = "3:stderr"\n';
    libvirtd = await RealLibvirtd.start({
      configuration: { "libvirtd.conf": configuration },
      before: BEFORE,
    });
  });
  after(async () => {
    await libvirtd?.stop();
  });

  const openAs = async (user: string): Promise<string> => {
    assert.ok(libvirtd);
    const script = fileURLToPath(new URL("./open-as-user.js", import.meta.url));
    const args = [script, libvirtd.socket, idOf("-u", user), idOf("-g", user)];
    return (await run(process.execPath, args)).stdout;
  };

  it("is let in as a member of the group libvirt", async () => {
    assert.equal(await openAs("nobody"), "open");
  });

  it("is refused with polkit's error outside of it", async () => {
    assert.equal(await openAs("daemon"), "refused: auth_polkit 94");
  });

  it("is not asked as root", async () => {
    assert.equal(await openAs("root"), "open");
  });
});
