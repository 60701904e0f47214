// `vgpuctl set-functions`
import type { Duration } from "../../../proto/gen/google/protobuf/duration.ts";
import { VfProfile } from "../../../proto/gen/vgpud/v1/placement.ts";
import { toDuration } from "../line/duration.ts";
import type { Arguments } from "../line/arguments.ts";
import type { ChangeCommand } from "../command.ts";
import { usageError } from "../errors/cli-error.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { gpuAnswer } from "../view/gpu-answer.ts";

/** What drivers take. */
const U32 = 4_294_967_295;

export const setFunctionsCommand: ChangeCommand = {
  kind: "change",
  name: "set-functions",
  summary: "cut a GPU of mode sriov into virtual functions; refused while any of them is used",
  operands: [
    {
      name: "GPU",
      required: true,
      help: "PCI address of the GPU, as 0000:4d:00.0",
      field: "gpu",
      offer: { kind: "live", what: "gpus" },
    },
    { name: "COUNT", required: true, help: "how many; 0 removes them", field: "count" },
  ],
  flags: [
    {
      name: "exec-quantum-ms",
      value: "N",
      help: "time each may use an engine while others wait, 0 to 4294967295; 0: without a limit",
      field: "profile.exec_quantum",
    },
    {
      name: "preempt-timeout-us",
      value: "N",
      help: "time each is given to let go of an engine, 0 to 4294967295; 0: without a limit",
      field: "profile.preempt_timeout",
    },
    {
      name: "priority",
      value: "WORD",
      help: "low, normal or high, where the driver lets it be set",
      field: "profile.sched_priority",
      offer: { kind: "words", words: ["low", "normal", "high"] },
    },
    {
      name: "vram",
      value: "MIB",
      help: "local memory of each, MiB (discrete GPUs); 0: as the driver shares it out",
      field: "profile.vram_quota_mib",
    },
    {
      name: "ggtt",
      value: "MIB",
      help: "graphics address space of each, MiB; 0: as the driver shares it out",
      field: "profile.ggtt_quota_mib",
    },
    { name: "dry-run", help: "check, and do nothing", field: "validate_only" },
  ],
  forms: { name: "the GPU's PCI address" },
  examples: [
    "vgpuctl set-functions 0000:4d:00.0 8",
    "vgpuctl set-functions 4d:00.0 4 --exec-quantum-ms 20 --vram 2048",
    "vgpuctl set-functions 4d:00.0 0 --dry-run",
  ],
  // The driver provisions each of them, after it has removed those that there were.
  extraMs: () => 180_000,
  run: async (args, vgpud) => {
    const [address = "", word = ""] = args.operands;
    const gpu = gpuAddress(address);
    if (!/^\d{1,5}$/.test(word)) throw usageError(`COUNT is a number of virtual functions, not '${word}'`);
    const validateOnly = args.has("dry-run");
    return gpuAnswer(
      await vgpud.setVirtualFunctions({
        ...{ gpu, count: Number(word), validateOnly },
        profile: profileOf(args),
      }),
      { validateOnly },
    );
  },
};

function profileOf(args: Arguments): VfProfile | undefined {
  const quantumMs = args.integer("exec-quantum-ms", "milliseconds", U32);
  const timeoutUs = args.integer("preempt-timeout-us", "microseconds", U32);
  const priority = args.text("priority");
  const [vram, ggtt] = [args.integer("vram", "MiB"), args.integer("ggtt", "MiB")];
  if ([quantumMs, timeoutUs, priority, vram, ggtt].every((value) => value === undefined)) return undefined;
  return VfProfile.fromPartial({
    execQuantum: quantumMs === undefined ? undefined : toDuration(quantumMs),
    preemptTimeout: timeoutUs === undefined ? undefined : microseconds(timeoutUs),
    schedPriority: priority ?? "",
    vramQuotaMib: vram === undefined ? undefined : BigInt(vram),
    ggttQuotaMib: ggtt === undefined ? undefined : BigInt(ggtt),
  });
}

function microseconds(count: number): Duration {
  return { seconds: BigInt(Math.floor(count / 1_000_000)), nanos: (count % 1_000_000) * 1_000 };
}
