// TLS 监听器。
import type { tls as english } from "../en/tls.ts";
import type { Same } from "../text.ts";

export const tls: Same<typeof english> = {
  TLS_FILE_ENDS: {
    title: "TLS 监听器的证书和列表的到期",
    messages: {
      "no-agent": "只有运行中的 vgpud 才知道",
      none: "没有 TLS 监听",
      endless: "监听器使用的文件都没有期限",
      good: "最先到期的是 {key}，时间为 {at}",
      soon: "{key} 即将到期，时间为 {at}：此后客户端会被拒绝，或者拒绝本机",
      over: "{key} 已于 {at} 到期：客户端被拒绝，或者拒绝本机",
      "list-over": "{key} 自 {at} 起已过下次更新时间：不再允许任何新的连接",
    },
    remedies: {
      soon: "在原处换上新文件，最好用改名的方式：vgpud 会在几秒之内采用它，无需重启（docs/tls.md）",
      over: "在原处换上新文件：vgpud 会在几秒之内采用它。如果新文件已在那里，日志会说明为何未被采用：journalctl -u vgpud --grep TLS",
      "list-over":
        "为每个 CA 生成新的列表（openssl ca -gencrl），即使没有吊销任何证书，并用它替换旧的；请在 default_crl_days 到期之前早些生成",
    },
  },
};
