// What this release of vgpud makes, beside what the host could.
import { fail, hostCheck } from "../condition.ts";

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: { "gvt-d": "info", "gvt-s": "info", sriov: "info" },
  dependsOn: [],
  how: "this release of vgpud",
  check: () => Promise.resolve(fail("not-served")),
});
