// What is told of a claim that is not booked on this host.
import assert from "node:assert/strict";
import type { ClaimId } from "../../../../agent/core/ids.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import type { PlacementApi, Provider } from "../../../../agent/placement/model.ts";
import { classesWith } from "../../../../agent/core/placement-names.ts";
import { bookedOn } from "../../../../agent/schedulers/placement/booked-on.ts";

const HERE = "20000000-0000-4000-8000-000000000001";
const GONE = "20000000-0000-4000-8000-000000000002";
const provider: Provider = {
  ...{ uuid: HERE, name: "kvm-2_vgpud_0000_00_02_0", generation: 1, parent: "r", root: "r" },
};

function refusalWith(tree: PlacementApi["tree"]): Promise<unknown> {
  const byProvider = new Map([
    [HERE, {}],
    [GONE, {}],
  ]);
  const about = { generation: 1, projectId: "p", userId: "u", consumerType: "VGPUD" };
  const { signal } = new AbortController();
  const asked = {
    claimId: "c" as ClaimId,
    allocation: { byProvider, ...about },
    classes: classesWith("CUSTOM_INTEL_VGPU"),
    api: { tree },
  };
  return bookedOn(new Map(), asked, signal).catch((error: unknown) => error);
}

describe("a claim that is booked on other providers than the host's GPUs", () => {
  it("is refused with their names, as far as Placement has them", async () => {
    const refused = await refusalWith((uuid) => Promise.resolve(uuid === HERE ? [provider] : []));
    assert.match(
      String(refused),
      new RegExp(`GPUs: kvm-2_vgpud_0000_00_02_0 \\(${HERE}\\), ${GONE}: claim `),
    );
  });

  it("is refused all the same where Placement does not say what they are called", async () => {
    const refused = await refusalWith(() => Promise.reject(new PlacementError("failed", "HTTP 500")));
    assert.match(String(refused), new RegExp(`GPUs: ${HERE}, ${GONE}: claim `));
  });
});
