// Pure: one fault as HOST.yaml and the control socket write it, and what its kind demands of its fields.
import { z } from "zod";
import { procedures } from "../../node-libvirt/remote.gen.ts";
import { pciAddress } from "../forms.ts";
import { ERRNOS, faultKinds, rowOf, type FaultKind } from "./kinds.ts";

const MAX_FAULTS = 64;
const MAX_DELAY_MS = 86_400_000;
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const kinds = Object.keys(faultKinds) as [FaultKind, ...FaultKind[]]; // the table has rows

const fields = z.strictObject({
  /** By which it is replaced and cleared; without one its kind in lower case with dashes. */
  name: z.string().regex(NAME, "must be 1 to 64 of a-z, 0-9 and -, not beginning with -").optional(),
  kind: z.enum(kinds),
  gpu: pciAddress.optional(),
  object: z.string().min(1).max(256).optional(),
  errno: z.enum(ERRNOS).optional(),
  target: z.string().min(1).max(256).optional(),
  delay_ms: z.int().min(1).max(MAX_DELAY_MS).optional(),
  /** How often it strikes before it clears itself. */
  times: z.int().min(1).max(1_000_000).optional(),
  instances: z
    .int()
    .min(-7)
    .max(7)
    .refine((value) => value !== 0, "must not be 0")
    .optional(),
  message: z.string().min(1).max(200).optional(),
});

export type FaultFields = z.input<typeof fields>;
export type Fault = z.output<typeof fields> & { readonly name: string };

/** Its defaults are filled in. A problem whose `params.missing` is true is one of a field that is not there. */
export const faultSchema = fields
  .superRefine((fault, context) => {
    for (const { field, message, missing } of mismatches(fault))
      context.addIssue({ code: "custom", path: [field], message, params: { missing } });
  })
  .transform((fault): Fault => {
    const errno = fault.errno ?? rowOf(fault.kind).errnos?.[0];
    const message = fault.message ?? (rowOf(fault.kind).message && "simulated failure");
    return {
      ...fault,
      name: fault.name ?? fault.kind.toLowerCase().replaceAll("_", "-"),
      ...(errno === undefined ? {} : { errno }),
      ...(message === undefined ? {} : { message }),
    };
  });

export const faultsSchema = z.array(faultSchema).max(MAX_FAULTS);

interface Mismatch {
  readonly field: keyof FaultFields;
  readonly message: string;
  readonly missing: boolean;
}

function mismatches(fault: z.output<typeof fields>): readonly Mismatch[] {
  const { kind, errno, target } = fault;
  const row = rowOf(kind);
  const takes = {
    gpu: row.gpu,
    object: row.object,
    errno: row.errnos,
    target: row.target,
    delay_ms: row.delay,
    times: row.nature !== "state",
    instances: row.instances,
    message: row.message,
  } as const;
  const needed = {
    target: row.target,
    delay_ms: row.delay === "required",
    instances: row.instances,
  } as const;
  const found: Mismatch[] = [];
  for (const field of Object.keys(takes) as (keyof typeof takes)[])
    if (fault[field] !== undefined && !takes[field])
      found.push({ field, message: `is not for ${kind}`, missing: false });
  for (const field of Object.keys(needed) as (keyof typeof needed)[])
    if (needed[field] && fault[field] === undefined)
      found.push({ field, message: `is required for ${kind}`, missing: true });
  if (errno !== undefined && row.errnos && !row.errnos.includes(errno))
    found.push({ field: "errno", message: `must be ${row.errnos.join(" or ")} for ${kind}`, missing: false });
  if (row.target === "method" && target !== undefined && !(target in procedures))
    found.push({ field: "target", message: "is no method of libvirt, as domainCreate is", missing: false });
  return found;
}
