// hostd's operation on the shares of a virtual function, against the simulated kernel, in the order in which hostd writes.
import path from "node:path";
import { parsePciAddress } from "../core/ids.ts";
import type { Result, SetFunctionProfile } from "../hostd/protocol/messages.ts";
import { SHARES, type ShareName, type WrittenShare } from "../hostd/protocol/shares.ts";
import { gpuDirectory } from "./gpu-tree.ts";
import type { SimulatedKernel } from "./kernel.ts";
import { graphicsUnit, shareFiles } from "./sriov-files.ts";

/** `root`: where the tree is, for paths in answers. */
export function setFunctionProfile(
  { host, functions, gpus, traits }: SimulatedKernel,
  root: string,
  { gpu, number, values }: SetFunctionProfile,
): Result {
  const address = parsePciAddress(gpu);
  if (address === undefined || functions.get(address) === undefined) return { kind: "absent" };
  const index = host.gpus.findIndex((described) => described.address === address);
  // A virtual function is none of the host's GPUs, and has none itself.
  const description = gpus.get(address)?.description;
  const total = description?.total_vfs ?? 0;
  if (description === undefined || number > total)
    return { kind: "refused", why: `${gpu} has no virtual function ${number}: it can have ${total}` };
  const files = shareFiles({ description, index, traits }, number);
  const unit = description.driver === "i915" ? { unit: graphicsUnit(description) } : {};
  const written: WrittenShare[] = [];
  const notOffered: ShareName[] = [];
  for (const share of SHARES) {
    const value = values[share];
    if (value === undefined) continue;
    const file = share === "priority" ? undefined : files.get(share);
    if (share === "priority" || typeof value === "string" || file === undefined) {
      notOffered.push(share);
      continue;
    }
    const errno = functions.setShare(address, number, { share, value });
    if (errno !== undefined)
      return { kind: "errno", errno, call: "write", path: path.join(root, gpuDirectory(address), file) };
    written.push({ share, value: functions.sharesOf(address)?.of(number)[share] ?? 0, ...unit });
  }
  return { kind: "profile", written, notOffered };
}
