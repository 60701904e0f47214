// What a processor's graphics that are given away whole are to the guest, from the wire.
import type * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { IgdOptions } from "../../lifecycle/domain-spec.ts";
import { all, formed, inRange, invalid, join, refuse } from "./fields.ts";
import { PATH } from "./forms.ts";

/** Eight bits of the GMCH's control register. */
const GMS = { min: 0, max: 255 };
/** Of i440fx, under its own name and by version. */
const I440FX = /^pc(-i440fx-.*)?$/;

/** @throws AgentError `invalid-argument` with the fields, `path` before them */
export function parseIgd(
  { igd, machine, graphics }: Pick<pb.DomainSpec, "igd" | "machine" | "graphics">,
  path: string,
): IgdOptions | undefined {
  if (!igd) return undefined;
  const { opregion, lpc, legacyMode, gms, romPath } = igd;
  const at = (name: string): string => join(path, name);
  const parsed = all({
    gms: () => (gms === undefined ? undefined : inRange(at("gms"), gms, GMS)),
    romPath: () => (romPath === "" ? undefined : formed(at("rom_path"), romPath, PATH)),
    together: () => {
      const old = I440FX.test(machine?.type ?? "");
      const hasConsole = graphics?.vnc !== undefined || graphics?.spice !== undefined;
      const needsOld = "needs machine pc: QEMU does that for no other";
      const needsNone = "takes the place of the card that consoles show; leave graphics out";
      refuse([
        lpc === true && !old && invalid(at("lpc"), needsOld),
        legacyMode === true && !old && invalid(at("legacy_mode"), needsOld),
        legacyMode === true && hasConsole && invalid(at("legacy_mode"), needsNone),
      ]);
    },
  });
  return { opregion, lpc, legacyMode, gms: parsed.gms, romPath: parsed.romPath };
}
