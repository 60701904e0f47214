// The Xen bed's machine: the hypervisor, a dom0 of Debian's kernel, libxl's driver of libvirt, and a function to give away.
import { join } from "node:path";
import { commonArguments, kernelWords, type Init, type Machine } from "../machine.ts";

/**
 * Of QEMU 7.2's emulated processor, what Xen cannot live with: an iret to dom0 is checked as if SMAP and SMEP held for it;
 * RDTSCP ends a domain with hardware virtualization, as its length is not known to Xen; and with XSAVE such a domain has AVX, of
 * which now and then the first instruction is an invalid one to it (one PVH guest of seven died so).
 */
const processor = "max,-smap,-smep,-rdtscp,-xsave";
/**
 * One processor for dom0: with both, its programs end by SIGSEGV now and then while a PV domain has a PCI function. The
 * domains share both. The emulated IOMMU remaps no interrupts.
 */
const hypervisorWords =
  "com1=115200,8n1 console=com1 loglvl=warning dom0_mem=768M,max:768M dom0_max_vcpus=1 iommu=no-intremap,no-sharept";
/**
 * What each run has of Xen's schedulers. The suites under systemd run several HVM domains at once, and with the default, credit2, dom0
 * then waits in its queue for ever while both processors idle (4.17; `r` of Xen's debug keys shows it), as a rule from the third on.
 * Where a saved state is continued, no such domains run, and the default stays: with credit a PVH guest once did not come to its end.
 */
const schedulers: Readonly<Record<Init, string>> = { minimal: "credit2", systemd: "credit" };

export const xen: Machine = {
  prefix: "xen-",
  folder: "xen",
  warmUps: new Map([
    [
      "minimal",
      `udevadm settle --timeout=60
virsh -c xen:///system list --all; virsh -c xen:///system nodedev-list; xl list
/usr/libexec/xen-qemu-system-i386 --version; lspci; sync`,
    ],
  ]),
  qemuArguments(options) {
    const { image, init } = options;
    // A comma would end the kernel's words. The emulated TSC is not as even as dom0's kernel believes: Xen's time is.
    const dom0 = `${join(image, "vmlinux")} console=hvc0 clocksource=xen ${kernelWords(init)}`;
    return [
      ...["-cpu", processor, "-device", "intel-iommu,intremap=off"],
      ...["-kernel", join(image, "xen"), "-append", `${hypervisorWords} sched=${schedulers[init]}`],
      ...["-initrd", `${dom0},${join(image, "initrd")}`],
      // For dom0 and for its guests.
      ...commonArguments(options, 2),
      // A function of the display class that can be reset, behind a port of its own: 0000:01:00.0.
      ...["-device", "pcie-root-port,id=apart,chassis=1,addr=10", "-device", "virtio-gpu-pci,bus=apart"],
    ];
  },
};
