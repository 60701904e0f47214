// How many virtual functions a GPU is to have.
import { inRange, required } from "./fields.ts";

/** `sriov_numvfs` is a number of 16 bits; what the device can have is far below (kernel drivers/pci/iov.c). */
const FUNCTIONS = { min: 0, max: 65_535 };

/** @throws AgentError `invalid-argument` for none, and for what no device has. */
export function parseFunctionCount(count: number | undefined, field: string): number {
  if (count === undefined) throw required(field);
  return inRange(field, count, FUNCTIONS);
}
