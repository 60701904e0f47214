// A domain as libvirt's driver for Xen takes it (libvirt: src/libxl, docs/drvxen.rst). What that driver would leave out in silence
// has been refused before (api/validate/on-xen.ts).
import type { Builder } from "../core/xml-builder.ts";
import type { SliceShare } from "../inventory/share.ts";
import type { DomainClaim } from "./claim.ts";
import type { XenSpec } from "./domain-spec.ts";
import { addXenBoot } from "./domain-xml-boot.ts";
import { addPlacement } from "./domain-xml-cpu.ts";
import { addXenDevices } from "./domain-xml-devices.ts";

/** For the arguments that libxl adds to those of the device model (libvirt docs/drvxen.rst). */
const XEN_NAMESPACE = "http://libvirt.org/schemas/domain/xen/1.0";

export function addXenDomain(
  domain: Builder,
  claim: DomainClaim,
  spec: XenSpec,
  deviceModel: string | undefined,
): void {
  const { share } = claim;
  const isSlice = share.mode === "gvt-g";
  domain.ele("memory", { unit: "MiB" }).txt(String(spec.memoryMib));
  domain.ele("vcpu").txt(String(spec.vcpus));
  addPlacement(domain, spec);
  addXenBoot(domain, spec);
  if (spec.xenGuestType === "hvm") {
    const features = domain.ele("features");
    features.ele("acpi");
    features.ele("apic");
  }
  domain.ele("on_poweroff").txt("destroy");
  // libxl would start it again at once, unpaused and under another number, while the slice of the last one still takes its room. What
  // it preserves instead asks to be started again by whoever sees to that.
  domain.ele("on_reboot").txt(isSlice ? "preserve" : "restart");
  domain.ele("on_crash").txt("destroy");
  addXenDevices(domain, claim, spec, isSlice ? deviceModel : undefined);
  if (isSlice && deviceModel !== undefined) addArguments(domain, share);
}

/**
 * Of Intel's QEMU for XenGT: all three, since it has sizes of its own for what is left out. It knows no other that its tools write
 * (`-vgt_primary`).
 */
function addArguments(domain: Builder, { sizes }: SliceShare): void {
  const { lowGmMib, highGmMib, fences } = sizes;
  const line = domain.eleOf(XEN_NAMESPACE, "xen:commandline");
  const words = [
    "-vga",
    "xengt",
    "-vgt_low_gm_sz",
    lowGmMib,
    "-vgt_high_gm_sz",
    highGmMib,
    "-vgt_fence_sz",
    fences,
  ];
  for (const value of words) line.eleOf(XEN_NAMESPACE, "xen:arg", { value: String(value) });
}
