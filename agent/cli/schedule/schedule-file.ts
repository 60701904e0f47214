// The file that says where Placement is and how the vgpuds are reached that it chooses. As the keys of vgpud's own configuration
// where both have one.
import * as z from "zod";
import { parseDurationMs } from "../../core/duration.ts";
import { SLICES_CLASS } from "../../core/placement-names.ts";
import { ENCRYPTED, isPlaintext } from "../../placement/plaintext.ts";
import { readAddress } from "../client/target.ts";
import type { Environment } from "../environment.ts";
import { parsePlaced, readFile, refuseFaults, takes } from "./placed-file.ts";

/** What stands for the host's name in a pattern. */
export const HOST = "{host}";
/** Of a request to Placement. */
const TIMEOUT = { least: 100, most: 120_000 };

const path = takes("an absolute path", z.string().regex(/^\/[^\0]*$/));
const url = takes(
  "an http or https URL",
  z.string().refine((text) => /^https?:\/\/[^\s?#@]+$/.test(text) && URL.canParse(text)),
);
const encryptedUrl = takes(
  ENCRYPTED,
  url.refine((text) => !URL.canParse(text) || !isPlaintext(new URL(text))),
);
const name = takes("1 to 255 printable characters", z.string().regex(/^[\x21-\x7e]{1,255}$/));
const address = z
  .string()
  .refine((text) => /^unix:\/./.test(text) || readAddress(text.replaceAll(HOST, "host")) !== undefined);
const ADDRESS_WORDS =
  "HOST:PORT with a port of 1 to 65535, an IPv6 address in brackets, or unix:PATH of a socket";

const keystone = z.strictObject({
  auth_url: encryptedUrl,
  credential_id: name,
  secret_file: path,
  region: name.optional(),
  interface: takes("public, internal or admin", z.enum(["public", "internal", "admin"])).default("internal"),
});

const schema = z.strictObject({
  placement: z.strictObject({
    endpoint: url.optional(),
    ca_file: path.optional(),
    timeout: takes(
      "a duration from 100ms to 2m",
      z.string().refine((text) => {
        const ms = parseDurationMs(text);
        return ms !== undefined && ms >= TIMEOUT.least && ms <= TIMEOUT.most;
      }),
    ).default("10s"),
    vgpu_class: takes(
      "VGPU, or a name that begins with CUSTOM_",
      z.string().regex(/^(VGPU|CUSTOM_[A-Z0-9_]{1,240})$/),
    ).default(SLICES_CLASS),
    member_of: takes("a list of UUIDs of aggregates", z.array(z.guid()).min(1)).default([]),
    keystone: keystone.optional(),
    project_id: name.default("vgpud"),
    user_id: name.default("vgpud"),
  }),
  agents: z.strictObject({
    address: takes(
      `${ADDRESS_WORDS}, with ${HOST} where the host's name stands`,
      address.refine((text) => text.includes(HOST)),
    ).optional(),
    addresses: z.record(z.string(), takes(ADDRESS_WORDS, address)).default({}),
    tls: z
      .strictObject({
        ca: path,
        certificate: path,
        key: path,
        server_name: takes(`a name, with ${HOST} for the host's`, z.string().min(1)).optional(),
      })
      .optional(),
  }),
  flavors: path.optional(),
});

export type ScheduleSettings = z.output<typeof schema>;

const TO_BEGIN =
  "it says where Placement is, and how hosts are reached: begin with /usr/share/doc/vgpud/examples/schedule/schedule.yaml, or name another file by --schedule-file";

/** @throws CliError with a line for everything that is wrong with it */
export async function readScheduleFile(
  file: string,
  environment: Pick<Environment, "readText">,
): Promise<ScheduleSettings> {
  const settings = parsePlaced(await readFile(file, environment, [TO_BEGIN]), file, schema);
  const { placement, agents } = settings;
  const nowhere = placement.endpoint === undefined && placement.keystone === undefined;
  const isTold =
    placement.keystone !== undefined &&
    placement.endpoint !== undefined &&
    isPlaintext(new URL(placement.endpoint));
  const unreached = agents.address === undefined && Object.keys(agents.addresses).length === 0;
  refuseFaults([
    ...(nowhere ? [{ where: file, what: "placement needs endpoint, or keystone to find it by" }] : []),
    ...(isTold ? [{ where: file, what: `placement.endpoint beside keystone takes ${ENCRYPTED}` }] : []),
    ...(unreached ? [{ where: file, what: "agents needs address, addresses or both" }] : []),
  ]);
  return settings;
}
