// vgpud as it is shipped, with an observer that kills its own process (SIGKILL) where it was told to end.
import { readFileSync, writeSync } from "node:fs";
import type { OnPoint } from "../../../../agent/lifecycle/crash-points.ts";
import { vgpud } from "../../../../agent/main/vgpud.ts";
import { ARMED, DEATH_FILE_VARIABLE, DEATH_VARIABLE, type Death } from "./death.ts";

const STDERR = 2;
const fromTheStart = process.env[DEATH_VARIABLE];

let death = fromTheStart === undefined ? undefined : (JSON.parse(fromTheStart) as Death);
let passings = 0;

const onPoint: OnPoint = (point) => {
  if (death?.point !== "any" && death?.point !== point) return;
  passings += 1;
  if (passings < death.passing) return;
  writeSync(STDERR, `ends at ${point}\n`);
  process.kill(process.pid, "SIGKILL");
};

function arm(told: Death): void {
  death = told;
  passings = 0;
}

process.on("message", (told: Death) => {
  arm(told);
  process.send?.(ARMED);
});
// Where whoever tells it is not its parent.
process.on("SIGUSR2", () => {
  arm(JSON.parse(readFileSync(process.env[DEATH_FILE_VARIABLE] ?? "", "utf8")) as Death);
  writeSync(STDERR, `${ARMED}\n`);
});
// What the tests may say must not keep the agent from ending.
process.channel?.unref();

await vgpud(process.argv.slice(2), { onPoint });
