// Surroundings of `vgpuctl schedule`: its files, and a Placement in memory.
import type { Environment } from "../../../agent/cli/environment.ts";
import { MemoryPlacement } from "../../fakes/memory-placement.ts";

/** Room for one slice of the largest type. */
export const TOTALS = {
  CUSTOM_INTEL_VGPU: 7,
  CUSTOM_VGT_LOW_GM_MB: 896,
  CUSTOM_VGT_HIGH_GM_MB: 2688,
  CUSTOM_VGT_FENCE: 28,
};

export const FILES: Readonly<Record<string, string>> = {
  "/etc/vgpud/schedule.yaml": `
placement: { endpoint: "http://127.0.0.1:1" }
agents: { address: "unix:/run/{host}.sock" }
`,
  "/etc/vgpud/flavors.yaml": "m1.gvt: { vcpus: 2, memory: 2G, vgt_low_gm_sz: 128, vgt_high_gm_sz: 384 }",
  "flavors.yaml": "m1.gvt: { vcpus: 2, memory: 2G, vgt_low_gm_sz: 128, vgt_high_gm_sz: 384 }\nm2: {}",
  "web.yaml": "domain: { disks: [{ path: /srv/web.img, format: raw }] }",
};

export function reading(files: Readonly<Record<string, string>>): Pick<Environment, "readText"> {
  return {
    readText: (path) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new Error("there is no such file")) : Promise.resolve(text);
    },
  };
}

/** With one host, on which something is booked for `claimId`, and nothing more for others than fits beside it. */
export function scheduling(
  claimId: string,
  { isOld = false } = {},
): Pick<Environment, "readText" | "placement"> {
  const api = new MemoryPlacement();
  api.isOld = isOld;
  const gpu = api.addHost("kvm-1", TOTALS);
  const booked = {
    CUSTOM_INTEL_VGPU: 1,
    CUSTOM_VGT_LOW_GM_MB: 64,
    CUSTOM_VGT_HIGH_GM_MB: 384,
    CUSTOM_VGT_FENCE: 4,
  };
  const allocations = new Map([[gpu, booked]]);
  api.claims.set(claimId, { allocations, projectId: "p", userId: "u", consumerType: "VGPUD" });
  return { ...reading(FILES), placement: () => Promise.resolve({ api, close: () => undefined }) };
}
