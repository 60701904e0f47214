// What the guest boots: a kernel, or an order of the devices that it has.
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { BootOrder, DomainSpec, KernelBoot } from "../../lifecycle/domain-spec.ts";
import { all, each, formed, invalid, join, known, required } from "./fields.ts";
import { CMDLINE, MAX_MENU_MS, PATH } from "./forms.ts";

const devices = {
  [pb.BootDevice.UNSPECIFIED]: undefined,
  [pb.BootDevice.DISK]: "disk",
  [pb.BootDevice.CDROM]: "cdrom",
  [pb.BootDevice.NETWORK]: "network",
  [pb.BootDevice.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.BootDevice, BootOrder["devices"][number] | undefined>;

type Parsed = Pick<DomainSpec, "kernelBoot" | "bootOrder">;

export function parseBoot(spec: pb.DomainSpec, path: string): Parsed {
  if (!spec.boot) {
    if (!has(spec, "disk")) throw required(path);
    return { kernelBoot: undefined, bootOrder: { devices: ["disk"], menuMs: undefined } };
  }
  const { source } = spec.boot;
  switch (source?.$case) {
    case "kernel":
      return { kernelBoot: parseKernel(source.value, join(path, "kernel")), bootOrder: undefined };
    case "order":
      return { kernelBoot: undefined, bootOrder: parseOrder(source.value, spec, join(path, "order")) };
    case undefined:
      throw required(path);
  }
}

function parseKernel({ kernelPath, initrdPath, cmdline }: pb.KernelBoot, path: string): KernelBoot {
  const at = (name: string): string => join(path, name);
  return all<KernelBoot>({
    kernel: () => formed(at("kernel_path"), kernelPath, PATH),
    initrd: () => (initrdPath === "" ? undefined : formed(at("initrd_path"), initrdPath, PATH)),
    cmdline: () => {
      if (!CMDLINE.test(cmdline))
        throw invalid(at("cmdline"), "must be at most 2048 printable ASCII characters");
      return cmdline === "" ? undefined : cmdline;
    },
  });
}

function parseOrder(order: pb.BootOrder, spec: pb.DomainSpec, path: string): BootOrder {
  const at = (name: string): string => join(path, name);
  if (order.devices.length === 0) throw required(at("devices"));
  return all<BootOrder>({
    devices: () =>
      each(order.devices, (wire, index) => {
        const field = `${at("devices")}[${index}]`;
        const device = known(devices[wire], field);
        if (order.devices.indexOf(wire) < index) throw invalid(field, "stands there twice");
        if (!has(spec, device)) throw invalid(field, `is ${device}, and the domain has none`);
        return device;
      }),
    menuMs: () => parseMenu(order.menuTimeout, at("menu_timeout")),
  });
}

function parseMenu(timeout: pb.BootOrder["menuTimeout"], field: string): number | undefined {
  if (!timeout) return undefined;
  const { seconds, nanos } = timeout;
  const ms = Number(seconds) * 1000 + nanos / 1e6;
  if (nanos < 0 || nanos >= 1e9 || !Number.isInteger(ms) || ms < 0 || ms > MAX_MENU_MS)
    throw invalid(field, "must be whole milliseconds from 0 to 65.535 s");
  return ms;
}

function has(spec: pb.DomainSpec, device: BootOrder["devices"][number]): boolean {
  const cds = spec.disks.filter(({ device: kind }) => kind === pb.DiskDevice.CDROM).length;
  switch (device) {
    case "disk":
      return spec.disks.length > cds;
    case "cdrom":
      return cds > 0;
    case "network":
      return spec.nics.length > 0;
  }
}
