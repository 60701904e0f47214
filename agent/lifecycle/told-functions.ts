// Changes of GPUs as PCI functions, told as crash points: a new one does not compile without.
import type { FunctionChange, OnPoint } from "./crash-points.ts";
import type { GpuFunctions } from "./ports.ts";

export function toldFunctions(functions: GpuFunctions, onPoint: OnPoint): GpuFunctions {
  const told = async <T>(change: FunctionChange, made: () => Promise<T>): Promise<T> => {
    onPoint(`before ${change} of a GPU`);
    const outcome = await made();
    onPoint(`after ${change} of a GPU`);
    return outcome;
  };
  return {
    giveAway: (gpu, signal) => told("giveAway", () => functions.giveAway(gpu, signal)),
    takeBack: (gpu, driver, signal) => told("takeBack", () => functions.takeBack(gpu, driver, signal)),
    cut: (gpu, count, signal) => told("cut", () => functions.cut(gpu, count, signal)),
    setProfile: (gpu, number, profile, signal) =>
      told("setProfile", () => functions.setProfile(gpu, number, profile, signal)),
    cutInto: (gpu) => functions.cutInto(gpu),
    driverShares: (gpu) => functions.driverShares(gpu),
  };
}
