// That something was taken out of service for new vGPUs, as a condition: nothing is wrong, and nobody should wonder.
import { Condition, ConditionStatus, Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { PciAddress } from "../../core/ids.ts";
import type { Language } from "../../core/language.ts";
import type { Drain } from "../../lifecycle/drains.ts";

interface Said {
  readonly host: string;
  readonly drained: (what: string, note: string) => string;
  readonly ends: (command: string) => string;
}

const texts: Readonly<Record<Language, Said>> = {
  en: {
    host: "the host",
    drained: (what, note) =>
      `${what} is drained${note === "" ? "" : `: ${note}`}; no new vGPUs are made there, what exists goes on`,
    ends: (command) => `${command} ends it`,
  },
  "zh-Hans": {
    host: "本主机",
    drained: (what, note) =>
      `${what} 已被排空（drain）${note === "" ? "" : `：${note}`}；不再新建 vGPU，已有的继续运行`,
    ends: (command) => `用 ${command} 结束`,
  },
};

/** At most one. */
export function hostDrainConditions(drain: Drain | undefined, language: Language = "en"): Condition[] {
  if (!drain) return [];
  const { host: what } = texts[language];
  return [drained(drain, { reason: "HOST_DRAINED", what, command: "vgpuctl undrain", language })];
}

/** At most one. */
export function gpuDrainConditions(
  gpu: PciAddress,
  drain: Drain | undefined,
  language: Language = "en",
): Condition[] {
  if (!drain) return [];
  const command = `vgpuctl undrain ${gpu}`;
  return [{ ...drained(drain, { reason: "GPU_DRAINED", what: gpu, command, language }), gpu }];
}

interface Drained {
  readonly reason: string;
  readonly what: string;
  /** What ends it. */
  readonly command: string;
  readonly language: Language;
}

function drained({ note, since }: Drain, { reason, what, command, language }: Drained): Condition {
  const said = texts[language];
  return Condition.fromPartial({
    reason,
    status: ConditionStatus.FAIL,
    severity: Severity.INFO,
    message: said.drained(what, note),
    remedy: said.ends(command),
    changeTime: new Date(since),
  });
}
