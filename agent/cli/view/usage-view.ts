// What a running domain uses, as fields below what it is.
import type { DomainUsage, GpuUsage } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Cell } from "./paint.ts";

/** None of what is not known. */
export function usageFields(usage: DomainUsage | undefined): readonly (readonly [string, Cell])[] {
  if (usage === undefined) return [];
  const { cpuTime, residentMib, gpus } = usage;
  return [
    ...(cpuTime === undefined ? [] : ([["CPU time", secondsText(cpuTime)]] as const)),
    ...(residentMib === undefined ? [] : ([["resident MiB", String(residentMib)]] as const)),
    ...gpus.map((of) => [`uses ${of.gpu}`, gpuText(of)] as const),
  ];
}

/** `render 12.3 s, video 0.5 s, 178 MiB in system0` */
function gpuText({ engines, memory }: GpuUsage): string | undefined {
  const parts = [
    ...engines.flatMap(({ engine, busyTime }) =>
      busyTime === undefined ? [] : [`${engine} ${secondsText(busyTime)}`],
    ),
    ...memory.map(({ region, residentBytes }) => `${residentBytes / 2n ** 20n} MiB in ${region}`),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

function secondsText({ seconds, nanos }: NonNullable<DomainUsage["cpuTime"]>): string {
  return `${(Number(seconds) + nanos / 1e9).toFixed(1)} s`;
}
