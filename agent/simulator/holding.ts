// A process that opens what nobody else has open, as long as a fault wants it.
import type { FaultBoard } from "./faults/board.ts";
import type { Mdev, SimulatedKernel } from "./kernel.ts";

const COMMAND = "vgpu-holder";
/** One for each group, above any kernel's pid_max: a process can hold one vGPU of a GPU. */
const FIRST_PID = 4_400_000;

export function holdWhatIsIdle(kernel: SimulatedKernel, faults: FaultBoard): void {
  const look = (): void => {
    for (const mdev of [...kernel.mdevs.values()]) {
      const isWanted = faults.find("VGPU_HELD", { gpu: mdev.gpu, object: [mdev.id] }) !== undefined;
      if (isWanted && mdev.holder === undefined)
        kernel.open(mdev.id, { pid: pidFor(mdev), command: COMMAND });
      if (!isWanted && mdev.holder?.pid === pidFor(mdev)) kernel.close(pidFor(mdev));
    }
  };
  kernel.onChange(look);
  faults.onChange(look);
}

function pidFor({ group }: Mdev): number {
  return FIRST_PID + group;
}
