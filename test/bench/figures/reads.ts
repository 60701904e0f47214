// Unary reads beside a server of the same library that only returns the same bytes.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  DomainServiceService as Domains,
  GetDomainRequest,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService as Gpus, ListGpusRequest } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GetHostRequest, HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { StartedProcess } from "../../fakes/process.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain } from "../domains.ts";
import type { Chapter, Figure } from "../figure.ts";
import { Http2Client } from "../http2-client.ts";
import { cpuMsDuring, median } from "../measure.ts";

const GPUS = 8;
const SLICES_PER_GPU = 7;
const ROUNDS = 15;
const ROUND_MS = 800;
/** Calls under way at the same time. */
const IN_FLIGHT = 16;
const MIN_SHARE = 0.7;
const bareServer = fileURLToPath(import.meta.resolve("../bare-server.js"));

const yaml = `gpus:\n${Array.from(
  { length: GPUS },
  (_, index) =>
    `  - { address: "0000:${(index + 1).toString(16).padStart(2, "0")}:00.0", aperture_mib: 1024 }\n`,
).join("")}`;

interface Read {
  readonly name: string;
  readonly path: string;
  /** Of the call with this number. */
  readonly request: (call: number) => Buffer;
  /** Undefined: told, not gated. */
  readonly bar?: Figure["bar"];
}

interface Load {
  readonly perSecond: number;
  /** Of the server, for each call. */
  readonly cpuMs: number;
}

interface Side {
  readonly client: Http2Client;
  readonly pid: number;
}

export async function reads(): Promise<Chapter> {
  await using host = await BenchHost.start(yaml);
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  const wanted = { image: host.image, vgpuType: "i915-GVTg_V5_8", readonly: true };
  const claims: string[] = [];
  for (let made = 0; made < GPUS * SLICES_PER_GPU; made += 1) claims.push(await createDomain(rpc, wanted));
  using ours = new Http2Client(agent.socket);
  const kinds = readsOf(claims[0] ?? "");
  const file = path.join(host.simulated.directory, "answers.json");
  const answers = await Promise.all(
    kinds.map(async (read) => [read.path, (await ours.unary(read.path, read.request(0))).toString("base64")]),
  );
  await writeFile(file, JSON.stringify(Object.fromEntries(answers)));
  const socket = path.join(host.simulated.directory, "bare.sock");
  await using bare = await StartedProcess.start([process.execPath, bareServer, socket, file]);
  using theirs = new Http2Client(socket);
  const figures: Figure[] = [];
  for (const read of kinds)
    figures.push(
      ...(await compared(read, {
        ours: { client: ours, pid: agent.pid },
        bare: { client: theirs, pid: bare.child.pid ?? 0 },
      })),
    );
  return {
    title: "Unary reads",
    method:
      `On a simulated host with ${GPUS} GPUs and ${claims.length} domains with a slice each, ${IN_FLIGHT} calls are kept under way for ` +
      `${ROUND_MS} ms against vgpud and against a bare grpc-js server that returns the same bytes, in turn, ${ROUNDS} rounds after two that are left out. ` +
      "The client is no gRPC library but frames on node:http2, so that the servers are what limits the rate; the share is that of the medians. " +
      "vgpud keeps an answer for as long as nothing it was made from has changed, so that these are the rates of a host at rest; requests that are never alike show what it takes to make one.",
    figures,
  };
}

function readsOf(claimId: string): Read[] {
  const domain = GetDomainRequest.fromPartial({ domain: { ref: { $case: "claimId", value: claimId } } });
  const always = (bytes: Uint8Array) => {
    const request = Buffer.from(bytes);
    return { request: () => request, bar: { atLeast: MIN_SHARE } };
  };
  const gpus = (pageSize: number): Uint8Array =>
    ListGpusRequest.encode({ ...ListGpusRequest.create(), pageSize }).finish();
  return [
    { name: "GetHost", path: Hosts.getHost.path, ...always(GetHostRequest.encode({}).finish()) },
    { name: "GetDomain", path: Domains.getDomain.path, ...always(GetDomainRequest.encode(domain).finish()) },
    { name: "ListGpus", path: Gpus.listGpus.path, ...always(gpus(0)) },
    {
      name: "ListGpus, never asked twice alike",
      path: Gpus.listGpus.path,
      request: (call) => Buffer.from(gpus(100 + (call % 100_000))),
    },
  ];
}

async function compared(read: Read, sides: { readonly ours: Side; readonly bare: Side }): Promise<Figure[]> {
  const [ours, bare]: [Load[], Load[]] = [[], []];
  for (let warmUp = 0; warmUp < 2; warmUp += 1) {
    await load(sides.ours, read);
    await load(sides.bare, read);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await load(sides.ours, read));
    bare.push(await load(sides.bare, read));
  }
  const rate = (loads: readonly Load[]): number => median(loads.map(({ perSecond }) => perSecond));
  const cpu = (loads: readonly Load[]): number => median(loads.map(({ cpuMs }) => cpuMs));
  return [
    { what: `${read.name}, vgpud`, value: rate(ours), unit: "calls/s" },
    { what: `${read.name}, bare server`, value: rate(bare), unit: "calls/s" },
    {
      what: `${read.name}, share`,
      value: rate(ours) / rate(bare),
      unit: "",
      ...(read.bar && { bar: read.bar }),
    },
    { what: `${read.name}, CPU of vgpud for a call`, value: cpu(ours), unit: "ms" },
    { what: `${read.name}, CPU of the bare server for a call`, value: cpu(bare), unit: "ms" },
  ];
}

async function load({ client, pid }: Side, { path: method, request }: Read): Promise<Load> {
  const until = performance.now() + ROUND_MS;
  let [asked, calls] = [0, 0];
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      asked += 1;
      await client.unary(method, request(asked));
      calls += 1;
    }
  };
  const begun = performance.now();
  const [cpuMs = 0] = await cpuMsDuring([pid], () => Promise.all(Array.from({ length: IN_FLIGHT }, caller)));
  return { perSecond: (calls * 1000) / (performance.now() - begun), cpuMs: cpuMs / calls };
}
