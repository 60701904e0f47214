// Pure: the flags of `vgpuctl create`, over its file if there is one, as a request. Refuses only what cannot be put into
// one; the rest vgpud checks.
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import {
  DiskBus,
  type Boot,
  Disk,
  DomainSpec,
  type Graphics,
} from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Arguments } from "../line/arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import { diskBuses, diskFormats, onStops } from "./create-words.ts";
import { preferences, vgpuOf, wantOf } from "./vgpu-want.ts";
import { parseVncAddress } from "./vnc-address.ts";

export function createRequest(args: Arguments): CreateDomainRequest {
  const request = args.file?.request ?? CreateDomainRequest.create();
  return {
    ...request,
    claimId: createClaimId(args),
    validateOnly: isDryRun(args),
    vgpu: vgpuRequest(args, request.vgpu),
    reservation: args.text("reservation") ?? request.reservation,
    domain: domainSpec(args, request.domain),
  };
}

/** Given, read from the file, or made up. */
export function createClaimId(args: Arguments): string {
  const written = args.given("claim-id") ? undefined : args.file?.request.claimId;
  return written === undefined || written === "" ? (args.text("claim-id") ?? "") : written;
}

export function isDryRun(args: Arguments): boolean {
  return args.has("dry-run") || args.file?.request.validateOnly === true;
}

function vgpuRequest(args: Arguments, written: VgpuRequest | undefined): VgpuRequest | undefined {
  return args.file === undefined ? vgpuOf(args) : vgpuOver(args, written);
}

/** What the file says may be in a reservation, and then nothing else has to. */
function vgpuOver(args: Arguments, written: VgpuRequest | undefined): VgpuRequest | undefined {
  const reserved = args.has("reservation") || args.file?.request.reservation !== "";
  const base = written ?? VgpuRequest.create();
  const want = wantOf(args) ?? base.want;
  if (reserved && written === undefined && want === undefined) return undefined;
  return { ...base, ...preferences(args, base), want };
}

function domainSpec(args: Arguments, written?: DomainSpec): DomainSpec {
  const base = written ?? DomainSpec.create();
  const [name = base.name] = args.operands;
  // The XML has all of it, and vgpud says what may not stand beside it.
  const whole = base.rawXml !== "";
  if (name === "" && !whole) throw usageError("NAME is missing: the domain's name, here or in the file");
  const spec = {
    ...base,
    name,
    uuid: args.text("uuid") ?? base.uuid,
    vcpus: number(args, "vcpus") ?? base.vcpus,
    memoryMib: number(args, "memory", "MiB") ?? base.memoryMib,
    disks: disks(args, base.disks),
    boot: boot(args) ?? base.boot,
    graphics: graphics(args, base.graphics),
    onStop: args.choice("on-stop", onStops) ?? base.onStop,
  };
  if (args.file === undefined && spec.disks.length === 0 && spec.boot === undefined)
    throw usageError("there is nothing to boot: give --disk or --kernel");
  return spec;
}

/** Required where no file may say it; vgpud names the line of the file otherwise. */
function number(args: Arguments, flag: string, unit?: string): number | undefined {
  const value = args.integer(flag, unit);
  if (value === undefined && args.file === undefined) throw usageError(`--${flag} is required`);
  return value;
}

/** A disk that is given stands for the first one of the file. */
function disks(args: Arguments, written: readonly Disk[]): Disk[] {
  const path = args.text("disk");
  if (path === undefined) {
    requireWith(args, "disk", ["disk-format", "disk-bus", "disk-readonly"]);
    return [...written];
  }
  const format = args.choice("disk-format", diskFormats);
  if (format === undefined)
    throw usageError("--disk-format is required with --disk: raw or qcow2; a format is never guessed");
  const bus = args.choice("disk-bus", diskBuses) ?? DiskBus.UNSPECIFIED;
  const first = Disk.fromPartial({ path, format, bus, readonly: args.has("disk-readonly") });
  return [first, ...written.slice(1)];
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

function graphics(args: Arguments, written: Graphics | undefined): Graphics | undefined {
  const text = args.text("vnc");
  if (text === undefined) return written;
  const vnc = text === "" ? { listen: "" } : parseVncAddress(text);
  if (vnc === undefined)
    throw usageError(
      `--vnc takes an IP address and may take a port, as 127.0.0.1:5901 or [::1]:5901, not '${text}'`,
    );
  return { spice: written?.spice, vnc };
}

/** A flag that only says more about another one would be ignored without it. */
function requireWith(args: Arguments, required: string, flags: readonly string[]): void {
  const given = flags.find((flag) => args.has(flag));
  if (given !== undefined) throw usageError(`--${given} needs --${required}`);
}
