// Conditions of the TLS listener.
import type { Text } from "../text.ts";

export const tls = {
  TLS_FILE_ENDS: {
    title: "the end of the TLS listener's certificates and lists",
    messages: {
      "no-agent": "only a running agent knows",
      none: "nothing listens for TLS",
      endless: "nothing that the listener uses has an end",
      good: "the first to end is {name} in {key}, at {at}",
      soon: "{name} in {key} ends soon, at {at}: from then on clients that need it are refused, or refuse this host",
      "list-soon":
        "the list of {name} in {key} ends soon, at {at}: from then on no client of that CA is let in anew",
      "part-over":
        "{name} in {key} has ended, at {at}: clients that need it are refused, or refuse this host",
      "list-part-over":
        "the list of {name} in {key} is past its next update, since {at}: no client of that CA is let in who comes anew",
      over: "{key} has ended, at {at}, with {name}: clients are refused, or refuse this host",
      "list-over":
        "{key} is past its next update, since {at}, the last with that of {name}: nobody is let in who comes anew",
    },
    remedies: {
      soon: "put a new file in its place, best by a rename: vgpud takes it within seconds, without a restart (docs/tls.md)",
      "list-soon":
        "make a new list of that CA (openssl ca -gencrl), also when nothing was revoked, and put it in the place of the old one (docs/tls.md)",
      "part-over":
        "put a new file in its place, in which that one is renewed, or is left out where nobody needs it any more: vgpud takes it within seconds",
      "list-part-over":
        "make a new list of that CA (openssl ca -gencrl), also when nothing was revoked, and put it in the place of the old one; where nobody " +
        "needs that CA any more leave it out, of tls.client_ca, too",
      over:
        "put a new file in its place: vgpud takes it within seconds. Where a new one lies there already, the log says why it was not taken: " +
        "journalctl -u vgpud --grep TLS",
      "list-over":
        "make a new list of each CA (openssl ca -gencrl), also when nothing was revoked, and put it in the place of the old one; let it be made " +
        "well before default_crl_days are over",
    },
  },
} as const satisfies Record<string, Text>;
