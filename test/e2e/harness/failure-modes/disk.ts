// What the disk of the ledger does to a caller.
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import {
  failingDisk,
  fullDisk,
  readOnlyDisk,
  slowDisk,
  type FaultyDisk,
} from "../../../contract/faulty-disks.ts";
import { until } from "../until.ts";
import type { Mode, Modes, Scene } from "./mode.ts";

/** Until it is mended. */
const LONG_S = 3600;

async function broken({ disk }: Scene): Promise<void> {
  await disk?.break();
}

async function writesHang({ world }: Scene): Promise<void> {
  await until("each of the calls has come to its write", async () => {
    const states = (await world.domains()).map(({ claimState }) => claimState);
    return (
      states.filter((state) => state === ClaimState.CREATING).length === 2 &&
      states.includes(ClaimState.DELETING)
    );
  });
}

async function mended({ world, disk }: Scene): Promise<void> {
  await disk?.mend();
  await until(
    "the ledger is written again",
    async () => (await world.shownHost()).ledger?.failure === undefined,
  );
}

const breaks = (disk: () => Promise<FaultyDisk>, over: string): Mode => ({
  come: broken,
  go: mended,
  over,
  own: { disk },
});

export const ofTheDisk: Modes = {
  "is full": breaks(fullDisk, "there is room"),
  "is read-only": breaks(readOnlyDisk, "it can be written"),
  "fails to write (EIO)": breaks(() => failingDisk("write"), "it writes"),
  "fails to sync (EIO)": breaks(() => failingDisk("fsync"), "it syncs"),
  "takes long to sync": {
    ...breaks(() => slowDisk(LONG_S, "fsync", "fsyncdir"), "it is quick again"),
    amid: writesHang,
    holds: ["create", "destroy", "elsewhere"],
  },
};
