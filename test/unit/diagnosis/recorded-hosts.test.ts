// The diagnosis of every host in test/hosts, held against what its description expects.
import assert from "node:assert/strict";
import { wireModes } from "../../../agent/api/convert/condition.ts";
import type { Mode } from "../../../agent/core/modes.ts";
import { ConditionStatus } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Expectation } from "../../hosts/description.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";
import { diagnosisOf } from "./recorded-diagnoses.ts";

/** Fails wherever this release runs, and tells nothing of the host. */
const OF_THE_RELEASE = "MODE_NOT_SERVED";

describe("the diagnosis of a recorded host", () => {
  for (const host of recordedHosts())
    it(`${host.name}: ${host.description.about}`, async () => {
      const { en } = await diagnosisOf(host);
      assert.deepEqual(foundIn(en), sorted(host.description.expect));
    });
});

/** What was found, in the form in which a description expects it. */
function foundIn(response: DiagnoseResponse): Expectation {
  const gpus = response.verdicts.map(({ gpu }) => {
    const modes = {
      "gvt-g": verdictOn(response, { gpu, mode: "gvt-g" }),
      "gvt-d": verdictOn(response, { gpu, mode: "gvt-d" }),
      "gvt-s": verdictOn(response, { gpu, mode: "gvt-s" }),
      sriov: verdictOn(response, { gpu, mode: "sriov" }),
    };
    return [gpu, { ...conditionsOf(response, gpu), modes }] as const;
  });
  return { ...conditionsOf(response, ""), gpus: Object.fromEntries(gpus) };
}

/** Those that are not as they should be; without a GPU those of the host. */
function conditionsOf(response: DiagnoseResponse, gpu: string): Pick<Expectation, "fail" | "unknown"> {
  return {
    fail: codes(response, { gpu, status: ConditionStatus.FAIL }),
    unknown: codes(response, { gpu, status: ConditionStatus.UNKNOWN }),
  };
}

function codes(
  { conditions }: DiagnoseResponse,
  wanted: { readonly gpu: string; readonly status: ConditionStatus },
): string[] {
  return conditions
    .filter(({ gpu, status }) => gpu === wanted.gpu && status === wanted.status)
    .map(({ reason }) => reason)
    .filter((reason) => reason !== OF_THE_RELEASE)
    .sort();
}

function verdictOn(
  response: DiagnoseResponse,
  { gpu, mode }: { readonly gpu: string; readonly mode: Mode },
): string {
  const support = response.verdicts
    .find((verdict) => verdict.gpu === gpu)
    ?.modes.find((each) => each.mode === wireModes[mode]);
  assert.ok(support, `no verdict on ${mode} of ${gpu}`);
  if (support.available) return "yes";
  const unknown = ["", gpu].flatMap((of) => codes(response, { gpu: of, status: ConditionStatus.UNKNOWN }));
  return unknown.includes(support.reason) ? "unknown" : support.reason;
}

function sorted({ gpus, ...host }: Expectation): Expectation {
  const inOrder = <T extends Pick<Expectation, "fail" | "unknown">>(of: T): T => ({
    ...of,
    fail: of.fail.toSorted(),
    unknown: of.unknown.toSorted(),
  });
  return {
    ...inOrder(host),
    gpus: Object.fromEntries(Object.entries(gpus).map(([gpu, expected]) => [gpu, inOrder(expected)])),
  };
}
