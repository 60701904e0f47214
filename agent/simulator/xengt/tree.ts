// Pure: the files below /sys/kernel/vgt, of each generation. What root alone may read or write has its name here, and its text.
import { TreeBuilder, type Entries } from "../entries.ts";
import { APERTURE_AT } from "../gpu-tree.ts";
import { BUSY_PERCENT, type VgtDriver, type VgtSlice } from "./driver.ts";

const VGT_DIRECTORY = "sys/kernel/vgt";
export const CREATE_FILE = `${VGT_DIRECTORY}/control/create_vgt_instance`;
const MIB = 1_048_576;

/** Beside what makes slices the older driver has these. */
const CONTROLS_2015 = {
  ctx_switch: "VGT context switch: enabled\n",
  display_owner: "0\n",
  display_switch_method:
    "VGT display_owner switch: using the fast-path method. (write 0 to use the slow-path method)\n",
  foreground_vm: "0\n",
  validate_ctx_switch: "VGT check mmio restore: disabled\n",
};

export function vgtEntries(driver: VgtDriver | undefined): Entries {
  const tree = new TreeBuilder();
  if (driver === undefined) return tree.entries;
  tree.file(CREATE_FILE, "");
  if (driver.resources !== undefined)
    tree.file(`${VGT_DIRECTORY}/control/available_resource`, driver.resources);
  if (driver.generation === "2015")
    for (const [name, text] of Object.entries(CONTROLS_2015))
      tree.file(`${VGT_DIRECTORY}/control/${name}`, text);
  for (const slice of driver.slices) {
    const files = driver.generation === "2015" ? detachedFiles(slice) : typedFiles(slice);
    for (const [name, text] of Object.entries(files))
      tree.file(`${VGT_DIRECTORY}/vm${slice.domid}/${name}`, text);
  }
  return tree.entries;
}

/** Sizes are in bytes. */
function detachedFiles({ number, lowMib, highMib, lowStartMib }: VgtSlice): Readonly<Record<string, string>> {
  const bytes = (value: number): string => `${value.toString(16).padStart(16, "0")}\n`;
  return {
    vgt_id: `${number.toString(16)}\n`,
    gm_sz: bytes((lowMib + highMib) * MIB),
    aperture_sz: bytes(lowMib * MIB),
    aperture_base: bytes(APERTURE_AT + lowStartMib * MIB),
    schedule: "ACTIVE\n",
    start: "",
    vgpu_hw_utilization: `${BUSY_PERCENT}\n`,
  };
}

function typedFiles({ number }: VgtSlice): Readonly<Record<string, string>> {
  return { vgpu_id: `${number}\n`, schedule: "", device_state: "" };
}
