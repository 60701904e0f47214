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
      good: "最先到期的是 {key} 中的 {name}，时间为 {at}",
      soon: "{key} 中的 {name} 即将到期，时间为 {at}：此后需要它的客户端会被拒绝，或者拒绝本机",
      "list-soon": "{key} 中 {name} 的列表即将到期，时间为 {at}：此后不再允许该 CA 的客户端建立新的连接",
      "part-over": "{key} 中的 {name} 已于 {at} 到期：需要它的客户端被拒绝，或者拒绝本机",
      "list-part-over":
        "{key} 中 {name} 的列表自 {at} 起已过下次更新时间：不再允许该 CA 的客户端建立新的连接",
      over: "{key} 已随 {name} 于 {at} 到期：客户端被拒绝，或者拒绝本机",
      "list-over": "{key} 自 {at} 起已过下次更新时间，最后一个是 {name} 的列表：不再允许任何新的连接",
    },
    remedies: {
      soon: "在原处换上新文件，最好用改名的方式：vgpud 会在几秒之内采用它，无需重启（docs/tls.md）",
      "list-soon":
        "为该 CA 生成新的列表（openssl ca -gencrl），即使没有吊销任何证书，并用它替换旧的（docs/tls.md）",
      "part-over": "在原处换上新文件，其中续期该证书，或者在无人再需要它时将其去掉：vgpud 会在几秒之内采用它",
      "list-part-over":
        "为该 CA 生成新的列表（openssl ca -gencrl），即使没有吊销任何证书，并用它替换旧的；如果无人再需要该 CA，请将其去掉，也从 tls.client_ca 中去掉",
      over: "在原处换上新文件：vgpud 会在几秒之内采用它。如果新文件已在那里，日志会说明为何未被采用：journalctl -u vgpud --grep TLS",
      "list-over":
        "为每个 CA 生成新的列表（openssl ca -gencrl），即使没有吊销任何证书，并用它替换旧的；请在 default_crl_days 到期之前早些生成",
    },
  },
};
