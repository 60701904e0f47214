// Run after `npm install` has changed package-lock.json behind a registry mirror that lacks packages for other platforms:
// npm leaves such optional packages out of the lock file, and `npm ci` then refuses it. They are entered here by name and
// version, without an integrity, and are only ever fetched on their own platform.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = "package-lock.json";
const PLATFORM = /-(darwin|win32|linux|freebsd|android|openharmony)-([a-z0-9]+)/;
const cpuNames = { aarch64: "arm64", armv7: "arm" };

const lock = JSON.parse(readFileSync(FILE, "utf8"));
for (const [at, dependent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(dependent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const [, os, cpu] = PLATFORM.exec(name) ?? [];
    if (lock.packages[key] || lock.packages[`${at}/${key}`] || os === undefined) continue;
    const dev = dependent.dev ? { dev: true } : {};
    lock.packages[key] = { version, cpu: [cpuNames[cpu] ?? cpu], ...dev, optional: true, os: [os] };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
