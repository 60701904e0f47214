// Identifiers for tests, made by the same parsers as in production: a wrong one fails the test at once.
import assert from "node:assert/strict";
import {
  parseClaimId,
  parseDomainId,
  parsePciAddress,
  parseVgpuId,
  type ClaimId,
  type DomainId,
  type PciAddress,
  type VgpuId,
} from "../../agent/core/ids.ts";
import { issueVgpuId } from "../../agent/core/vgpu-mark.ts";

/** The `n`th GPU: 0 is `0000:00:02.0`, as Intel's always are. */
export function pciAddress(n = 0): PciAddress {
  return parsed(parsePciAddress(`0000:${hex(n, 2)}:02.0`));
}

/** The `n`th id of those that bear our mark. */
export function ownVgpuId(n: number): VgpuId {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(n * 16, 8); // the last four bits do not enter the id
  return issueVgpuId(bytes);
}

/** The `n`th id of those that somebody else made. */
export function foreignVgpuId(n: number): VgpuId {
  return parsed(parseVgpuId(`f0000000-0000-4000-8000-${hex(n, 12)}`));
}

export function domainId(n: number): DomainId {
  return parsed(parseDomainId(`d0000000-0000-4000-8000-${hex(n, 12)}`));
}

export function claimId(text: string): ClaimId {
  return parsed(parseClaimId(text));
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, "0");
}

function parsed<T>(id: T | undefined): T {
  assert.ok(id !== undefined, "not an id");
  return id;
}
