// The promise of -o json: within a schema_version keys are only added. Every command answers from messages of the contract
// with every field set, and what it prints is compared with test/golden/cli/json-keys.json.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { status } from "@grpc/grpc-js";
import * as domains from "../../../proto/gen/vgpud/v1/domain_service.ts";
import {
  DiagnoseResponse,
  DrainHostResponse,
  GetHostResponse,
  ReconcileResponse,
  UndrainHostResponse,
} from "../../../proto/gen/vgpud/v1/host_service.ts";
import {
  DrainGpuResponse,
  GetGpuResponse,
  ListGpusResponse,
  PlanResponse,
  SetGpuModeResponse,
  SetVirtualFunctionsResponse,
  UndrainGpuResponse,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GetOperationResponse } from "../../../proto/gen/vgpud/v1/operation_service.ts";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";
import * as reservations from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import {
  AdoptVgpuResponse,
  CreateVgpuResponse,
  DeleteVgpuResponse,
  GetVgpuResponse,
  ListVgpusResponse,
  ReleaseVgpuResponse,
} from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { CliError } from "../../../agent/cli/errors/cli-error.ts";
import { commands } from "../../../agent/cli/commands.ts";
import { readContract } from "../../../agent/cli/package-files.ts";
import type { Vgpud } from "../../../agent/cli/client/vgpud.ts";
import { fullTrees } from "./full-trees.ts";
import { broken, keyTypes, merged, unrecorded, updated, type Documents } from "./json-keys.ts";
import { vgpu } from "./facts.ts";
import { scheduling } from "./scheduling.ts";
import { vgpuctl } from "./vgpuctl.ts";

const GOLDEN = new URL("../../../../test/golden/cli/json-keys.json", import.meta.url);
const contract = await readContract();

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";

interface Recorded {
  readonly schema_version: number;
  /** By command line. */
  readonly documents: Documents;
}

/** Every command that prints a document, in each of its forms. */
const lines: readonly string[] = [
  ...["host", "doctor", "gpus", "gpus 0000:00:02.0", "vgpus", "vgpus ID", "domains", "domains web-1"],
  ...[
    "create web-1 --mode gvt-g --vcpus 1 --memory 64 --kernel /k",
    "start web-1",
    "stop web-1",
    "destroy web-1",
  ],
  ...[
    "create-vgpu --mode gvt-g",
    `snippet qemu ${vgpu.vgpuId} --display`,
    "delete-vgpu ID",
    "reserve --mode gvt-g",
    "reservations",
    "reservations ID",
  ],
  ...["renew ID --ttl 10m", "release ID"],
  ...["drain", "drain 0000:00:02.0", "undrain", "undrain 0000:00:02.0", "reconcile --dry-run"],
  "set-mode 0000:00:02.0 gvt-s",
  "set-functions 0000:00:02.0 7",
  ...["adopt ID --claim-id c", "release-vgpu ID"],
  ...[
    "schedule create --flavor m1.gvt --name web-1 -f web.yaml",
    `schedule destroy ${CLAIM}`,
    `schedule status ${CLAIM}`,
    "schedule list",
    "schedule check flavors.yaml",
  ],
  ...["plan gvt-g:2", "operation 9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234", "version", "help", "completion bash"],
];

/** As many as the message has variants. */
function trees(name: string): ReturnType<typeof fullTrees> {
  const type = contract.getMessage(`vgpud.v1.${name}`);
  assert.ok(type, name);
  return fullTrees(type);
}

const VARIANTS = Math.max(...["GetVgpuResponse", "GetDomainResponse"].map((name) => trees(name).length));

/** Answers every call with everything that the contract has; lists end with their first page. */
function everything(variant: number, refusal?: CliError): Vgpud {
  const answer = <Message>(name: string, type: { fromJSON(tree: unknown): Message }) => {
    const all = trees(name);
    const message = type.fromJSON({ ...all[variant % all.length], next_page_token: "" });
    return () => (refusal === undefined ? Promise.resolve(message) : Promise.reject(refusal));
  };
  return {
    getHost: answer("GetHostResponse", GetHostResponse),
    diagnose: answer("DiagnoseResponse", DiagnoseResponse),
    drainHost: answer("DrainHostResponse", DrainHostResponse),
    undrainHost: answer("UndrainHostResponse", UndrainHostResponse),
    reconcile: answer("ReconcileResponse", ReconcileResponse),
    listGpus: answer("ListGpusResponse", ListGpusResponse),
    getGpu: answer("GetGpuResponse", GetGpuResponse),
    plan: answer("PlanResponse", PlanResponse),
    drainGpu: answer("DrainGpuResponse", DrainGpuResponse),
    undrainGpu: answer("UndrainGpuResponse", UndrainGpuResponse),
    setGpuMode: answer("SetGpuModeResponse", SetGpuModeResponse),
    setVirtualFunctions: answer("SetVirtualFunctionsResponse", SetVirtualFunctionsResponse),
    listVgpus: answer("ListVgpusResponse", ListVgpusResponse),
    // A snippet is not made of nonsense.
    getVgpu: async (request) => {
      const whole = await answer("GetVgpuResponse", GetVgpuResponse)();
      return request.vgpu?.ref?.value === vgpu.vgpuId ? { ...whole, vgpu } : whole;
    },
    createVgpu: answer("CreateVgpuResponse", CreateVgpuResponse),
    deleteVgpu: answer("DeleteVgpuResponse", DeleteVgpuResponse),
    listReservations: answer("ListReservationsResponse", reservations.ListReservationsResponse),
    getReservation: answer("GetReservationResponse", reservations.GetReservationResponse),
    createReservation: answer("CreateReservationResponse", reservations.CreateReservationResponse),
    renewReservation: answer("RenewReservationResponse", reservations.RenewReservationResponse),
    releaseReservation: answer("ReleaseReservationResponse", reservations.ReleaseReservationResponse),
    adoptVgpu: answer("AdoptVgpuResponse", AdoptVgpuResponse),
    releaseVgpu: answer("ReleaseVgpuResponse", ReleaseVgpuResponse),
    listDomains: answer("ListDomainsResponse", domains.ListDomainsResponse),
    getDomain: answer("GetDomainResponse", domains.GetDomainResponse),
    createDomain: answer("CreateDomainResponse", domains.CreateDomainResponse),
    startDomain: answer("StartDomainResponse", domains.StartDomainResponse),
    stopDomain: answer("StopDomainResponse", domains.StopDomainResponse),
    destroyDomain: answer("DestroyDomainResponse", domains.DestroyDomainResponse),
    getOperation: answer("GetOperationResponse", GetOperationResponse),
    watch: () => {
      throw new Error("what goes on is no document");
    },
    close: () => undefined,
  };
}

async function printed(line: string): Promise<readonly unknown[]> {
  return Promise.all(
    Array.from({ length: VARIANTS }, async (_, variant): Promise<unknown> => {
      const connect = () => everything(variant);
      const placed = line.startsWith("schedule") ? scheduling(CLAIM) : {};
      const socket = line.startsWith("schedule") ? undefined : "/nowhere";
      const { stdout } = await vgpuctl(socket, [...line.split(" "), "-o", "json"], { ...placed, connect });
      return JSON.parse(stdout);
    }),
  );
}

/** An error that tells all that an error can. */
async function printedError(): Promise<unknown> {
  const decision = PlacementDecision.fromJSON(trees("PlacementDecision")[0]);
  const details = { reason: "R", metadata: { key: "value" }, fields: ["domain"], retryMs: 1500, decision };
  const call = { code: status.RESOURCE_EXHAUSTED, details, outcomeUnknown: false };
  const refusal = new CliError("no-room", "m", { reason: "R", call });
  const line = "create web-1 --mode gvt-g --vcpus 1 --memory 64 --kernel /k -o json";
  const connect = () => everything(0, refusal);
  return JSON.parse((await vgpuctl("/nowhere", line.split(" "), { connect })).stderr);
}

/** What every command prints, by its command line. */
async function allPrinted(): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const documents = await Promise.all(lines.map(async (line) => [line, await printed(line)] as const));
  return new Map([...documents, ["error", [await printedError()]]]);
}

async function recordedKeys(actual: Documents): Promise<Recorded> {
  const recorded = JSON.parse(await readFile(GOLDEN, "utf8")) as Recorded;
  if (process.env["UPDATE_GOLDEN"] !== "1") return recorded;
  const next = { ...recorded, documents: updated(recorded.documents, actual) };
  await writeFile(GOLDEN, `${JSON.stringify(next, undefined, 2)}\n`);
  return next;
}

describe("the keys of -o json", () => {
  it("are all there that were ever there, with values of the same type, and those that are there are recorded", async () => {
    const documents = await allPrinted();
    const actual: Documents = Object.fromEntries(
      [...documents].map(([line, all]) => [line, merged(all.map((each) => keyTypes(each)))]),
    );
    const recorded = await recordedKeys(actual);
    for (const [line, keys] of Object.entries(recorded.documents))
      assert.deepEqual(broken(keys, actual[line] ?? {}), [], line);
    for (const [line, keys] of Object.entries(actual))
      assert.deepEqual(unrecorded(recorded.documents[line] ?? {}, keys), [], `${line}: run UPDATE_GOLDEN=1`);
    const versions = [...documents.values()].flat().map((each) => (each as Recorded).schema_version);
    assert.deepEqual([...new Set(versions)], [recorded.schema_version]);
  });

  it("are recorded for every command", () => {
    const covered = (name: string) => lines.some((line) => `${line} `.startsWith(`${name} `));
    const documented = commands.filter(({ kind }) => kind !== "live").map(({ name }) => name);
    assert.deepEqual(
      documented.filter((name) => !covered(name)),
      [],
    );
  });

  it("may be more than before, but none may go or change its type", () => {
    const before = keyTypes({ gpus: [{ fences: 1, labels: { "Any.Key": "x" } }], token: "t" });
    const after = (change: object): readonly string[] =>
      broken(before, keyTypes({ gpus: [{ fences: 1, labels: { other: "y" } }], token: "t", ...change }));
    assert.deepEqual(after({ added: { deep: true } }), []);
    assert.deepEqual(after({ token: 5, gpus: [{ fences: "1", labels: { a: "b" } }] }), [
      "gpus[].fences is a string and was a number",
      "token is a number and was a string",
    ]);
    assert.deepEqual(broken(before, keyTypes({ token: "t" })), [
      "gpus is gone",
      "gpus[] is gone",
      "gpus[].fences is gone",
      "gpus[].labels is gone",
      "gpus[].labels.* is gone",
    ]);
  });

  it("are recorded as they come, and never forgotten", () => {
    const recorded = { gpus: { token: "string", old: "string" }, gone: { name: "string" } };
    const actual = { gpus: { token: "number", added: "list" }, host: { name: "string" } };
    assert.deepEqual(unrecorded(recorded.gpus, actual.gpus), ["added"]);
    assert.deepEqual(updated(recorded, actual), {
      gpus: { token: "string", added: "list", old: "string" },
      gone: { name: "string" },
      host: { name: "string" },
    });
  });
});
