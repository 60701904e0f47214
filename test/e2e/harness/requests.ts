// A request that is right in everything, to be made wrong in one thing at a time.
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import {
  Boot,
  Disk,
  DiskFormat,
  DomainSpec,
  Graphics,
  KernelBoot,
  Vnc,
} from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";

export const GPU = "0000:00:02.0";
export const SECOND_GPU = "0000:03:00.0";
/** HOST.yaml of a host with a Flex card that xe can cut into seven, and no other GPU. */
export const FLEX_HOST = `
kernel: 7.1.4
enable_gvt: absent
kvmgt: false
gpus:
  - { address: "${SECOND_GPU}", device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false, total_vfs: 7 }
`;
export const type = (size: 1 | 2 | 4 | 8): string => `i915-GVTg_V5_${size}`;

/** The request with its parts, each to be changed in place. */
export interface Draft {
  readonly request: CreateDomainRequest;
  readonly spec: DomainSpec;
  readonly disk: Disk;
  readonly kernel: KernelBoot;
  readonly vnc: Vnc;
  readonly vgpu: VgpuRequest;
}

/** Uses what most domains have. `images` holds `disk.img`, which any number of domains read, `vmlinuz` and `initrd`. */
export function fullDraft(images: string, name: string): Draft {
  const disk = Disk.fromPartial({ path: `${images}/disk.img`, format: DiskFormat.RAW, readonly: true });
  const kernel = KernelBoot.fromPartial({
    kernelPath: `${images}/vmlinuz`,
    initrdPath: `${images}/initrd`,
    cmdline: "console=ttyS0",
  });
  const vnc = Vnc.fromPartial({ listen: "127.0.0.1", port: 5901 });
  const spec = DomainSpec.fromPartial({ name, vcpus: 2, memoryMib: 512 });
  spec.disks = [disk];
  spec.boot = Boot.fromPartial({});
  spec.boot.source = { $case: "kernel", value: kernel };
  spec.graphics = Graphics.fromPartial({});
  spec.graphics.vnc = vnc;
  const vgpu = VgpuRequest.fromPartial({});
  vgpu.want = { $case: "type", value: type(4) };
  const request = CreateDomainRequest.fromPartial({ claimId: `claim-${name}` });
  request.domain = spec;
  request.vgpu = vgpu;
  return { request, spec, disk, kernel, vnc, vgpu };
}

/** As little as can be asked for. */
export function draft(images: string, name: string): Draft {
  const full = fullDraft(images, name);
  full.spec.boot = undefined;
  full.spec.graphics = undefined;
  return full;
}
