// Our ownership mark inside a UUID: it survives the agent, its ledger and a restart of libvirt, because the kernel keeps it.
import type { VgpuId } from "./ids.ts";
import { uuidOfName } from "./uuid.ts";

/** The first 32 bits of every UUID we issue: "vgpu" in ASCII. */
const TAG = "76677075";
const OWN = new RegExp(`^${TAG}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

/**
 * Issues a vGPU id that bears our mark: a UUID of version 8 (RFC 9562, section 5.8) that begins with the tag.
 * `random` holds at least 12 bytes from a cryptographic source; 90 of their bits enter the id.
 */
export function issueVgpuId(random: Uint8Array): VgpuId {
  if (random.length < 12) throw new RangeError(`12 random bytes are needed, got ${random.length}`);
  const hex = Buffer.from(random.subarray(0, 12)).toString("hex");
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(7), 16) & 3);
  return `${TAG}-${hex.slice(0, 4)}-8${hex.slice(4, 7)}-${variant}${hex.slice(8, 11)}-${hex.slice(11, 23)}` as VgpuId;
}

/** Whether a vGPU was made by a vgpud. Without a claim in the ledger it is then an orphan, not foreign. */
export function bearsOurMark(id: VgpuId): boolean {
  return OWN.test(id);
}

/** What a vGPU is named by that somebody else made and that has no UUID of its own. */
export interface ForeignVgpu {
  readonly hostname: string;
  readonly bootId: string;
  /** What it is on the host, as `vm7`. */
  readonly ref: string;
}

/** The namespace of those names: a UUID of version 4, made once. */
const FOREIGN = Buffer.from("5b0c1f0e7a1d4c5e9d5a6f2a3f0d8e41", "hex");

/** The same as long as it is the same vGPU, another after a boot. */
export function foreignVgpuId({ hostname, bootId, ref }: ForeignVgpu): VgpuId {
  return uuidOfName(FOREIGN, [hostname, bootId, ref].join("/")) as VgpuId;
}
