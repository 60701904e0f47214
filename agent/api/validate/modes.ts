// Modes as they come over the wire.
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { modes, type Mode as KnownMode } from "../../core/modes.ts";
import { invalid } from "./fields.ts";

const knownModes: Readonly<Record<Mode, KnownMode | undefined>> = {
  [Mode.UNSPECIFIED]: undefined,
  [Mode.GVT_G]: "gvt-g",
  [Mode.GVT_D]: "gvt-d",
  [Mode.GVT_S]: "gvt-s",
  [Mode.SRIOV]: "sriov",
  [Mode.UNRECOGNIZED]: undefined,
};

/** @throws AgentError `invalid-argument` for none, and for one that is not known. */
export function parseKnownMode(mode: Mode, field: string): KnownMode {
  const known = knownModes[mode];
  if (known) return known;
  throw invalid(field, `must be a mode that is known to this release: ${modes.join(", ")}`);
}
