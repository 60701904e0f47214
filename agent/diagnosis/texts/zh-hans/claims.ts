// 声明及其域。
import type { claims as english } from "../en/claims.ts";
import type { Same } from "../text.ts";

export const claims: Same<typeof english> = {
  DOMAIN_WITHOUT_CLAIM: {
    title: "带有 vgpud 标记但不属于任何声明的域",
    messages: {
      "no-agent": "只有运行中的 vgpud 才知道",
      "not-known": "无法得知有哪些域：{why}",
      none: "所有带有 vgpud 标记的域都属于某个声明",
      off: "带有 vgpud 标记但不属于任何声明的域：{count}，例如 {name}（{id}），为声明 {claim} 创建，已关机；vgpud 不会启动它",
      on: "带有 vgpud 标记但不属于任何声明的域：{count}，例如 {name}（{id}），为声明 {claim} 创建，正在运行；vgpud 不会改动它，并将其所用的 GPU 资源计为他人占用",
    },
    remedies: {
      off: "如果它已被销毁，又因断电或保存的定义而重新出现，请取消其定义：{undefine}。如果要在 vgpud 之外保留它，请去掉标记：{unmark}",
      on: "如果它已被销毁，又因断电或保存的定义而重新出现，请将其关机并取消其定义：{shutdown}，然后 {undefine}。如果要在 vgpud 之外保留它，请去掉标记：{unmark}",
    },
  },
};
