// The flags of the commands that list.
import type { Flag } from "../command.ts";
import { watchFlags } from "../terminal/watch.ts";

export const listFlags: readonly Flag[] = [
  { name: "no-headers", help: "tables without their head" },
  ...watchFlags,
];
