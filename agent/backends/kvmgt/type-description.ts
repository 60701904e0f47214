// The `description` attribute of a GVT-g type: five `key: value` lines (kernel kvmgt.c, intel_vgpu_show_description).
import type { VgpuType } from "../../inventory/model.ts";

type Described = Pick<VgpuType, "sizes" | "weight" | "resolution">;

/** Values that do not stand there, or do not read as numbers, are undefined: absence is normal, invention is not. */
export function parseDescription(description: string | undefined): Described {
  const values = new Map((description ?? "").split("\n").map(keyAndValue));
  const lowGmMib = number(values.get("low_gm_size"), /^(\d+)MB$/);
  const highGmMib = number(values.get("high_gm_size"), /^(\d+)MB$/);
  const fences = number(values.get("fence"), /^(\d+)$/);
  const complete = lowGmMib !== undefined && highGmMib !== undefined && fences !== undefined;
  return {
    sizes: complete ? { lowGmMib, highGmMib, fences } : undefined,
    weight: number(values.get("weight"), /^(\d+)$/),
    resolution: /^\d+x\d+$/.exec(values.get("resolution") ?? "")?.[0],
  };
}

function keyAndValue(line: string): [string, string] {
  const at = line.indexOf(":");
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function number(text: string | undefined, form: RegExp): number | undefined {
  const digits = form.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
