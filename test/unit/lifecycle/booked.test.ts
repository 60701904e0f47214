// A create beside what its caller has booked with the scheduler.
import assert from "node:assert/strict";
import {
  askedBy,
  quantitiesText,
  type Booking,
  type Quantities,
} from "../../../agent/capacity/quantities.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import type { AgentError } from "../../../agent/core/errors.ts";
import { parsePciAddress, type ClaimId, type PciAddress } from "../../../agent/core/ids.ts";
import type { Share, SliceShare } from "../../../agent/inventory/share.ts";
import { refuseUncovered, whereBooked } from "../../../agent/lifecycle/booked.ts";
import type { RoomRequest } from "../../../agent/lifecycle/room.ts";

const [FIRST, SECOND] = ["0000:00:02.0", "0000:03:00.0"].map((text) => parsePciAddress(text)) as [
  PciAddress,
  PciAddress,
];
const claimId = "5f0c2c1e-0000-4000-8000-000000000001" as ClaimId;
const MEDIUM: SliceShare = {
  mode: "gvt-g",
  type: "i915-GVTg_V5_4",
  sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 },
};
const ALL = new Set(["slices", "lowGmMib", "highGmMib", "fences", "functions", "gpus", "seats"] as const);

const wish = (size: Wish["size"], gpu?: PciAddress): RoomRequest => ({
  kind: "free",
  wish: { size, gpu, policy: "pack" },
});
const bySizes = (lowGmMib: number, highGmMib: number, fences: number): RoomRequest =>
  wish({ by: "sizes", sizes: { lowGmMib, highGmMib, fences } });
const byType = wish({ by: "type", type: MEDIUM.type });
const on = (
  gpus: Readonly<Record<string, Quantities>>,
  counted: ReadonlySet<keyof Quantities> = ALL,
): Booking =>
  ({
    on: "gpus",
    byGpu: new Map(Object.entries(gpus).map(([gpu, amounts]) => [gpu, { amounts, counted }])),
  }) as unknown as Booking;
const reasonOf = (act: () => unknown): [string, string] => {
  try {
    act();
  } catch (error) {
    const { reason, message } = error as AgentError;
    return [reason, message];
  }
  return ["none", ""];
};

describe("what was booked", () => {
  it("says on which GPU a create is placed, where it names none", () => {
    const placed = whereBooked({ claimId, room: byType }, on({ [SECOND]: {} }));
    assert.equal(placed.kind === "free" && placed.wish.gpu, SECOND);
    assert.equal(whereBooked({ claimId, room: byType }, undefined), byType);
  });

  it("is nothing on another GPU than the one that is named", () => {
    const room = wish({ by: "mode", mode: "gvt-g" }, FIRST);
    const [reason, message] = reasonOf(() => whereBooked({ claimId, room }, on({ [SECOND]: {} })));
    assert.equal(reason, "CLAIM_NOT_BOOKED");
    assert.match(message, /is booked on GPU 0000:03:00.0 of this host, and GPU 0000:00:02.0 is asked for/);
  });

  it("has to be chosen from by name where it is on several GPUs", () => {
    const booking = on({ [FIRST]: {}, [SECOND]: {} });
    assert.match(reasonOf(() => whereBooked({ claimId, room: byType }, booking))[1], /names none of them/);
    const named = whereBooked({ claimId, room: wish({ by: "type", type: MEDIUM.type }, SECOND) }, booking);
    assert.equal(named.kind === "free" && named.wish.gpu, SECOND);
  });

  it("is for the room of a reservation on that room's GPU", () => {
    const room: RoomRequest = { kind: "reserved", reservation: claimId, wish: undefined };
    const taken = { slices: 1, lowGmMib: 128, highGmMib: 512, fences: 4 };
    assert.equal(whereBooked({ claimId, room }, on({ [SECOND]: taken })), room);
    const refuse = (gpu: PciAddress) => () => {
      refuseUncovered({ claimId, room }, { gpu, share: MEDIUM }, on({ [SECOND]: taken }));
    };
    assert.equal(reasonOf(refuse(FIRST))[0], "CLAIM_NOT_BOOKED");
    assert.equal(reasonOf(refuse(SECOND))[0], "none");
  });

  it("may be on the host as one, which then chooses the GPU", () => {
    const onHost = (amounts: Quantities): Booking => ({ on: "host", booked: { amounts, counted: ALL } });
    const taken = { slices: 1, lowGmMib: 128, highGmMib: 512, fences: 4 };
    for (const room of [byType, wish({ by: "type", type: MEDIUM.type }, SECOND)])
      assert.equal(whereBooked({ claimId, room }, onHost(taken)), room);
    const refuse = (gpu: PciAddress, amounts: Quantities) => () => {
      refuseUncovered({ claimId, room: byType }, { gpu, share: MEDIUM }, onHost(amounts));
    };
    for (const gpu of [FIRST, SECOND]) assert.equal(reasonOf(refuse(gpu, taken))[0], "none");
    const [reason, message] = reasonOf(refuse(FIRST, { ...taken, lowGmMib: 64 }));
    assert.equal(reason, "CLAIM_NOT_COVERED");
    assert.match(message, /booked on this host, which lacks 64 MiB low GM of/);
  });

  const covered = (
    room: RoomRequest,
    share: Share,
    amounts: Quantities,
    counted = ALL as ReadonlySet<keyof Quantities>,
  ) =>
    reasonOf(() => {
      refuseUncovered({ claimId, room }, { gpu: FIRST, share }, on({ [FIRST]: amounts }, counted));
    });

  it("covers sizes as they were asked for, and not as they are rounded up", () => {
    const seed = { slices: 1, lowGmMib: 128, highGmMib: 384, fences: 4 };
    assert.equal(covered(bySizes(128, 384, 4), MEDIUM, seed)[0], "none");
    assert.deepEqual(covered(byType, MEDIUM, seed), [
      "CLAIM_NOT_COVERED",
      `claim ${claimId} has 1 slice, 128 MiB low GM, 384 MiB high GM, 4 fences booked on GPU 0000:00:02.0, which lacks 128 MiB high GM of what is asked for: claim as much as the request names, or ask for less`,
    ]);
  });

  it("covers nothing that is missing of a slice, a function, a GPU or a seat itself", () => {
    const sizes = { lowGmMib: 128, highGmMib: 512, fences: 4 };
    assert.match(covered(byType, MEDIUM, sizes)[1], /lacks 1 slice of/);
    const others = [
      { mode: "sriov", number: 1, address: FIRST },
      { mode: "gvt-d" },
      { mode: "gvt-s" },
    ] as const satisfies Share[];
    for (const share of others) {
      const room = wish({ by: "mode", mode: share.mode });
      assert.equal(covered(room, share, { slices: 1, ...sizes })[0], "CLAIM_NOT_COVERED");
      assert.equal(covered(room, share, askedBy(undefined, share))[0], "none");
    }
  });

  it("need not cover what the scheduler does not count there", () => {
    const counted = new Set(["slices", "lowGmMib", "fences"] as const);
    assert.equal(covered(byType, MEDIUM, { slices: 1, lowGmMib: 128, fences: 4 }, counted)[0], "none");
  });

  it("is no word for a vGPU of another kind, whatever the scheduler counts there", () => {
    const room = wish({ by: "mode", mode: "gvt-d" });
    const counted = new Set(["slices"] as const);
    assert.equal(covered(room, { mode: "gvt-d" }, { slices: 1 }, counted)[0], "CLAIM_NOT_COVERED");
  });

  it("is told in words, one of each alone in the singular", () => {
    assert.equal(
      quantitiesText({ slices: 1, fences: 1, functions: 2, gpus: 0 }),
      "1 slice, 1 fence, 2 virtual functions",
    );
    assert.equal(quantitiesText({}), "nothing");
  });
});
