// Conditions of claims and the domains that they are for.
import type { Text } from "../text.ts";

export const claims = {
  DOMAIN_WITHOUT_CLAIM: {
    title: "domains that bear vgpud's mark and stand in no claim",
    messages: {
      "no-agent": "only a running agent knows",
      "not-known": "which domains there are is not known: {why}",
      none: "every domain that bears vgpud's mark stands in a claim",
      off: "domains that bear vgpud's mark and stand in no claim: {count}, as {name} ({id}), made for claim {claim}, which is off; vgpud leaves it so",
      on:
        "domains that bear vgpud's mark and stand in no claim: {count}, as {name} ({id}), made for claim {claim}, which is on; vgpud leaves it " +
        "alone, and counts what it has of a GPU as taken by others",
    },
    remedies: {
      off:
        "where it was destroyed, and a power cut or a saved definition has brought it back, undefine it: {undefine}. Where it is to stay, " +
        "without vgpud, take the mark off: {unmark}",
      on:
        "where it was destroyed, and a power cut or a saved definition has brought it back, shut it down and undefine it: {shutdown}, then " +
        "{undefine}. Where it is to stay, without vgpud, take the mark off: {unmark}",
    },
  },
} as const satisfies Record<string, Text>;
