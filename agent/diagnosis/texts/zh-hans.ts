// The conditions in Simplified Chinese. What English has and this lacks does not compile.
import type { common as english, texts as englishTexts } from "./en.ts";
import type { Same } from "./text.ts";
import { claims } from "./zh-hans/claims.ts";
import { gpu } from "./zh-hans/gpu.ts";
import { gvtKernel } from "./zh-hans/gvt-kernel.ts";
import { machine } from "./zh-hans/machine.ts";
import { scheduler } from "./zh-hans/scheduler.ts";
import { sriov } from "./zh-hans/sriov.ts";
import { tls } from "./zh-hans/tls.ts";
import { virtualization } from "./zh-hans/virtualization.ts";

export const common: Same<typeof english> = {
  unreadable: "无法读取 {path}：{why}",
  explained: "由 {cause} 引起",
  vouched: "本身无法判断，但 {by} 表明并无障碍",
  "no-such-gpu": "本机没有与此相关的 GPU",
};

export const texts: Same<typeof englishTexts> = {
  ...machine,
  ...gvtKernel,
  ...virtualization,
  ...scheduler,
  ...tls,
  ...claims,
  ...gpu,
  ...sriov,
};
