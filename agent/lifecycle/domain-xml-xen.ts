// A domain as libvirt's driver for Xen takes it (libvirt: src/libxl, docs/drvxen.rst). What that driver would leave out in silence
// has been refused before (api/validate/on-xen.ts).
import type { Builder } from "../core/xml-builder.ts";
import type { DomainClaim } from "./claim.ts";
import type { XenSpec } from "./domain-spec.ts";
import { addXenBoot } from "./domain-xml-boot.ts";
import { addPlacement } from "./domain-xml-cpu.ts";
import { addXenDevices } from "./domain-xml-devices.ts";

export function addXenDomain(domain: Builder, claim: DomainClaim, spec: XenSpec): void {
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
  domain.ele("on_reboot").txt("restart");
  domain.ele("on_crash").txt("destroy");
  addXenDevices(domain, claim, spec);
}
