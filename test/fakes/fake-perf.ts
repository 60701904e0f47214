// A perf that behaves: it opens events of the PMUs of a tree, and counts what a file there says that the kernel's counters have come to.
// Started by the script that `addPerf` lays into the tree, whose root is its first word.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { COUNTS_FILE, KERNEL_FILE, kernelSchema, type PerfKernel } from "./perf-kernel.ts";

const [, , root = "/", ...words] = process.argv;
const kernel = (): PerfKernel =>
  kernelSchema.parse(JSON.parse(readFileSync(path.join(root, KERNEL_FILE), "utf8")));

/** As perf 6.1 says it. */
const LIMITED = `Error:
Access to performance monitoring and observability operations is limited.
Consider adjusting /proc/sys/kernel/perf_event_paranoid setting to open
access to performance monitoring and observability operations for processes
without CAP_PERFMON, CAP_SYS_PTRACE or CAP_SYS_ADMIN Linux capability.
`;

interface Event {
  readonly name: string;
  readonly engine: string;
  readonly inGroup: boolean;
}

function complain(text: string, code: number): never {
  process.stderr.write(text);
  process.exit(code);
}

function optionOf(name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

function eventsIn(word: string): readonly Event[] {
  const inGroup = word.startsWith("{");
  return word
    .replaceAll(/[{}]/g, "")
    .split(/(?<=\/),/)
    .map((text) => {
      const [, pmu = "", list = ""] =
        /^([^/]+)\/([^/]+)\/$/.exec(text) ?? complain(`event syntax error: '${text}'\n`, 129);
      const folder = path.join(root, "sys/bus/event_source/devices", pmu);
      if (!existsSync(folder))
        complain(
          `event syntax error: '${text}'\n \\___ Cannot find PMU \`${pmu}'. Missing kernel support?\n`,
          129,
        );
      const [event = "", ...terms] = list.split(",");
      if (!existsSync(path.join(folder, "events", event)))
        complain(`event syntax error: '${text}'\n \\___ unknown term '${event}' for pmu '${pmu}'\n`, 129);
      const values = z
        .object({ gt: z.string(), engine_class: z.string(), engine_instance: z.string(), name: z.string() })
        .parse(Object.fromEntries(terms.map((term) => term.split("="))));
      return {
        name: values.name,
        engine: `${values.gt}/${values.engine_class}/${values.engine_instance}`,
        inGroup,
      };
    });
}

const events = words.flatMap((word, at) => (words[at - 1] === "-e" ? eventsIn(word) : []));
const separator = optionOf("-x") ?? complain("no separator\n", 129);
const { engines, permitted } = kernel();
if (!permitted) complain(LIMITED, 255);
while (kernel().hangs) await delay(10);
const refused = events.filter(({ engine }) => !engines.includes(engine));
const inGroup = refused.find((event) => event.inGroup);
if (inGroup) complain(`Error:\nThe ${inGroup.name} event is not supported.\n`, 255);

let before = kernel().ticks;
function figures(time: string): string {
  const { ticks } = kernel();
  const lines = events.map(({ name, engine }) => {
    const value = engines.includes(engine)
      ? // As u64 does.
        BigInt.asUintN(64, BigInt((ticks[name] ?? 0) - (before[name] ?? 0)))
      : "<not supported>";
    return `${time}${value}${separator}${separator}${name}${separator}1000000${separator}100.00${separator}${separator}\n`;
  });
  before = ticks;
  return lines.join("");
}

const interval = optionOf("-I");
if (interval === undefined) {
  process.stderr.write(
    "timeout < 100ms. The overhead percentage could be high in some cases. Please proceed with caution.\n",
  );
  await delay(Number(optionOf("--timeout")));
  process.stdout.write(figures(""));
} else {
  process.stdout.on("error", () => process.exit(141));
  writeFileSync(path.join(root, COUNTS_FILE), "");
  for (let round = 1; ; round += 1) {
    await delay(Number(interval));
    process.stdout.write(figures(`     ${round}.000000000${separator}`));
  }
}
