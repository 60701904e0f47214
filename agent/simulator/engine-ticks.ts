// Pure: what the simulated xe counts of its engines for virtual functions, and where it says that it does.
import type { EngineTicks } from "../hostd/protocol/engines.ts";
import type { Entries } from "./entries.ts";
import { TreeBuilder } from "./entries.ts";
import type { PciFunction } from "./pci-functions.ts";
import type { RenderingDomain } from "./render-processes.ts";

/** Of GuC's clock. */
const TICKS_PER_SECOND = 19_200_000;
/** A discrete GPU with one graphics unit, and two engines for video. */
const ENGINES = {
  rcs: ["render"],
  bcs: ["copy"],
  vcs: ["video", "video"],
  vecs: ["video-enhance"],
  ccs: ["compute"],
} as const;

/** xe_pmu.c and xe_hw_engine_class_sysfs.c; `directory` is the GPU's. */
export function pmuEntries(address: string, directory: string): Entries {
  const tree = new TreeBuilder();
  const pmu = `sys/devices/xe_${address.replaceAll(":", "_")}`;
  tree.link(`sys/bus/event_source/devices/xe_${address.replaceAll(":", "_")}`, pmu);
  const format = {
    event: "0-11",
    engine_instance: "12-19",
    engine_class: "20-27",
    function: "44-59",
    gt: "60-63",
  };
  for (const [name, bits] of Object.entries(format)) tree.file(`${pmu}/format/${name}`, `config:${bits}\n`);
  tree.file(`${pmu}/events/engine-active-ticks`, "event=0x02\n");
  tree.file(`${pmu}/events/engine-total-ticks`, "event=0x03\n");
  tree.file(`${pmu}/cpumask`, "0\n");
  for (const name of Object.keys(ENGINES)) tree.directory(`${directory}/tile0/gt0/engines/${name}`);
  return tree.entries;
}

/** A function that no domain has does nothing, and is given nothing. */
export function engineTicks(
  virtual: readonly PciFunction[],
  domains: readonly RenderingDomain[],
): readonly EngineTicks[] {
  return virtual.flatMap(({ virtual: own, holder }) => {
    const domain = holder && domains.find(({ pid }) => pid === holder.pid);
    // Of what two engines do, each does a half.
    const busy = { render: domain?.engineSeconds.render ?? 0, video: (domain?.engineSeconds.video ?? 0) / 2 };
    return Object.values(ENGINES).flatMap((engines) =>
      engines.map((engine, instance) => ({
        ...{ function: own?.number ?? 1, gt: 0, engine, instance },
        active: ticks(engine === "render" || engine === "video" ? busy[engine] : 0),
        total: ticks(domain?.at ?? 0),
      })),
    );
  });
}

function ticks(seconds: number): number {
  return Math.max(0, Math.floor(seconds * TICKS_PER_SECOND));
}
