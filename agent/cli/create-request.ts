// Pure: the flags of `vgpuctl create` as a request. Refuses only what cannot be put into one; the rest vgpud checks.
import { OnStop } from "../../proto/gen/vgpud/v1/claim.ts";
import { CreateDomainRequest } from "../../proto/gen/vgpud/v1/domain_service.ts";
import {
  DiskBus,
  DiskFormat,
  type Boot,
  type Disk,
  DomainSpec,
  type Graphics,
} from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { PlacementPolicy, type VgpuRequest } from "../../proto/gen/vgpud/v1/placement.ts";
import type { Arguments } from "./arguments.ts";
import { usageError } from "./cli-error.ts";
import { parseVncAddress } from "./vnc-address.ts";

// Words only for what this release serves: the contract's other values would be refused by vgpud.
const modes = { "gvt-g": Mode.GVT_G };
const policies = { pack: PlacementPolicy.PACK, spread: PlacementPolicy.SPREAD };
const formats = { raw: DiskFormat.RAW, qcow2: DiskFormat.QCOW2 };
const buses = { virtio: DiskBus.VIRTIO, sata: DiskBus.SATA, scsi: DiskBus.SCSI };
const onStops = { hold: OnStop.HOLD, release: OnStop.RELEASE };

export function createRequest(args: Arguments): CreateDomainRequest {
  return CreateDomainRequest.fromPartial({
    claimId: args.text("claim-id") ?? "",
    validateOnly: args.has("dry-run"),
    vgpu: vgpuRequest(args),
    domain: domainSpec(args),
  });
}

function vgpuRequest(args: Arguments): VgpuRequest {
  const want = wanted(args);
  if (want === undefined) throw usageError("one of --type, --sizes and --mode is required");
  return {
    want,
    gpu: args.text("gpu") ?? "",
    policy: args.choice("policy", policies) ?? PlacementPolicy.UNSPECIFIED,
    numa: undefined,
    vfProfile: undefined,
  };
}

function wanted(args: Arguments): VgpuRequest["want"] {
  args.atMostOne("type", "sizes", "mode");
  const type = args.text("type");
  if (type !== undefined) return { $case: "type", value: type };
  const mode = args.choice("mode", modes);
  if (mode !== undefined) return { $case: "mode", value: mode };
  const sizes = args.text("sizes");
  if (sizes === undefined) return undefined;
  const [, low, high, fences] = /^(\d{1,9}),(\d{1,9}),(\d{1,9})$/.exec(sizes) ?? [];
  if (low === undefined)
    throw usageError(
      `--sizes takes three whole numbers as 128,512,4 (low GM MiB, high GM MiB, fences), not '${sizes}'`,
    );
  const value = { vgtLowGmSz: Number(low), vgtHighGmSz: Number(high), vgtFenceSz: Number(fences) };
  return { $case: "sizes", value };
}

function domainSpec(args: Arguments): DomainSpec {
  const spec = DomainSpec.fromPartial({
    name: args.operand(),
    uuid: args.text("uuid") ?? "",
    vcpus: args.requiredInteger("vcpus"),
    memoryMib: args.requiredInteger("memory"),
    disks: disks(args),
    boot: boot(args),
    graphics: graphics(args),
    onStop: args.choice("on-stop", onStops) ?? OnStop.UNSPECIFIED,
  });
  if (spec.disks.length === 0 && spec.boot === undefined)
    throw usageError("there is nothing to boot: give --disk or --kernel");
  return spec;
}

function disks(args: Arguments): Partial<Disk>[] {
  const path = args.text("disk");
  if (path === undefined) {
    requireWith(args, "disk", ["disk-format", "disk-bus", "disk-readonly"]);
    return [];
  }
  const format = args.choice("disk-format", formats);
  if (format === undefined)
    throw usageError("--disk-format is required with --disk: raw or qcow2; a format is never guessed");
  const bus = args.choice("disk-bus", buses) ?? DiskBus.UNSPECIFIED;
  return [{ path, format, bus, readonly: args.has("disk-readonly") }];
}

function boot(args: Arguments): Boot | undefined {
  const kernelPath = args.text("kernel");
  if (kernelPath === undefined) {
    requireWith(args, "kernel", ["initrd", "cmdline"]);
    return undefined;
  }
  const value = { kernelPath, initrdPath: args.text("initrd") ?? "", cmdline: args.text("cmdline") ?? "" };
  return { source: { $case: "kernel", value } };
}

function graphics(args: Arguments): Graphics | undefined {
  const text = args.text("vnc");
  if (text === undefined) return undefined;
  const vnc = text === "" ? { listen: "" } : parseVncAddress(text);
  if (vnc === undefined)
    throw usageError(
      `--vnc takes an IP address and may take a port, as 127.0.0.1:5901 or [::1]:5901, not '${text}'`,
    );
  return { vnc, spice: undefined };
}

/** A flag that only says more about another one would be ignored without it. */
function requireWith(args: Arguments, required: string, flags: readonly string[]): void {
  const given = flags.find((flag) => args.has(flag));
  if (given !== undefined) throw usageError(`--${given} needs --${required}`);
}
