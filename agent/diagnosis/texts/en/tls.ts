// Conditions of the TLS listener.
import type { Text } from "../text.ts";

export const tls = {
  TLS_FILE_ENDS: {
    title: "the end of the TLS listener's certificates and lists",
    messages: {
      "no-agent": "only a running agent knows",
      none: "nothing listens for TLS",
      endless: "nothing that the listener uses has an end",
      good: "the first to end is {key}, at {at}",
      soon: "{key} ends soon, at {at}: from then on clients are refused, or refuse this host",
      over: "{key} has ended, at {at}: clients are refused, or refuse this host",
      "list-over": "{key} is past its next update, since {at}: nobody is let in who comes anew",
    },
    remedies: {
      soon: "put a new file in its place, best by a rename: vgpud takes it within seconds, without a restart (docs/tls.md)",
      over:
        "put a new file in its place: vgpud takes it within seconds. Where a new one lies there already, the log says why it was not taken: " +
        "journalctl -u vgpud --grep TLS",
      "list-over":
        "make a new list of each CA (openssl ca -gencrl), also when nothing was revoked, and put it in the place of the old one; let it be made " +
        "well before default_crl_days are over",
    },
  },
} as const satisfies Record<string, Text>;
