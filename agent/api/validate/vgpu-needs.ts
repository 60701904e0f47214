// From the needs that a vGPU has to meet, as they came over the wire, to those that can be placed.
import * as pb from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Need } from "../../capacity/wish.ts";
import type { Mode } from "../../core/modes.ts";
import {
  all,
  each,
  inRange,
  invalid,
  join,
  refuse,
  required,
  setFields,
  snakeCase,
  type Range,
} from "./fields.ts";
import { parseKnownMode } from "./modes.ts";
import { FENCES, GM_MIB } from "./vgt-sizes.ts";

/** Of more than 1 TiB there is none for years to come. */
const VRAM_MIB: Range = { min: 0, max: 1_048_576 };

/** The amounts that a need may name, by its mode. */
const amountsOf = {
  "gvt-g": ["minLowGmMib", "minHighGmMib", "minFences"],
  "gvt-d": [],
  "gvt-s": [],
  sriov: ["minVramMib", "minGgttMib"],
} as const satisfies Record<Mode, readonly (keyof pb.VgpuNeed)[]>;

/** @throws AgentError `invalid-argument` with every field that is wrong */
export function parseNeeds({ anyOf }: pb.VgpuNeeds, path: string): readonly Need[] {
  const field = join(path, "any_of");
  if (anyOf.length === 0) throw required(field);
  const most = Object.keys(amountsOf).length;
  // Before any of them is looked at: what is too long is not worth the look.
  if (anyOf.length > most) throw invalid(field, `must be 1 to ${most}, are ${anyOf.length}`);
  const needs = each(anyOf, (need, index) => parseNeed(need, `${field}[${index}]`));
  refuse(
    needs.map(({ mode }, index) => {
      const first = needs.findIndex((need) => need.mode === mode);
      return first < index && invalid(`${field}[${index}].mode`, `names ${mode} a second time`);
    }),
  );
  return needs;
}

function parseNeed(need: pb.VgpuNeed, path: string): Need {
  const mode = parseKnownMode(need.mode, join(path, "mode"));
  const served: readonly string[] = ["mode", ...amountsOf[mode]];
  refuse(
    setFields(need, pb.VgpuNeed.create())
      .filter((name) => !served.includes(name))
      .map((name) => invalid(join(path, snakeCase(name)), `is no amount of mode ${mode}`)),
  );
  const amount = (name: keyof pb.VgpuNeed, range: Range): number =>
    inRange(join(path, snakeCase(name)), Number(need[name]), range);
  switch (mode) {
    case "gvt-g":
      return {
        mode,
        least: all({
          lowGmMib: () => amount("minLowGmMib", GM_MIB),
          highGmMib: () => amount("minHighGmMib", GM_MIB),
          fences: () => amount("minFences", FENCES),
        }),
      };
    case "sriov":
      return {
        mode,
        least: all({
          vramMib: () => amount("minVramMib", VRAM_MIB),
          ggttMib: () => amount("minGgttMib", GM_MIB),
        }),
      };
    case "gvt-d":
    case "gvt-s":
      return { mode };
  }
}
