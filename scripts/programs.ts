// What is started as a process of its own.

/** Compiled, below dist/agent; by the names that their bundles have. */
export const programs = {
  vgpud: "main.js",
  vgpuctl: "cli/main.js",
  "doctor-child": "doctor/child.js",
  "vgpud-hostd": "hostd/main.js",
  "hostd-child": "hostd/child.js",
  simulator: "simulator/main.js",
} as const;

/** All that the programs consist of and look up, below the project: files and whole folders, which hold source maps, too. */
export const programFiles: readonly string[] = [
  ...Object.values(programs).map((script) => `dist/agent/${script}`),
  "dist/agent/bundle",
  "proto/gen/descriptor.binpb",
  "agent/simulator/machines",
];
