// Builds the libvirt XML of a domain from typed values (libvirt: docs/formatdomain.rst). Pure; a library escapes.
import { addScreenSize } from "../core/vgpu-elements.ts";
import { Builder } from "../core/xml-builder.ts";
import type { DomainClaim } from "./claim.ts";
import type { DomainSpec } from "./domain-spec.ts";
import { addBoot } from "./domain-xml-boot.ts";
import { addCpu, addMemoryBacking, addPlacement } from "./domain-xml-cpu.ts";
import { addDevices } from "./domain-xml-devices.ts";
import { addMark, markOf } from "./domain-xml-mark.ts";
import { addRawDomain } from "./raw-xml/build.ts";

/** What the domain runs on; from libvirt's own capabilities. */
export interface Hypervisor {
  /** `kvm`, or `qemu` where the host has no KVM. */
  readonly domainType: "kvm" | "qemu";
}

export function domainXml(claim: DomainClaim, spec: DomainSpec, { domainType }: Hypervisor): string {
  const domain = Builder.root("domain", { type: domainType });
  domain.ele("name").txt(spec.name);
  domain.ele("uuid").txt(spec.id);
  addMark(domain, markOf(claim));
  if (spec.raw) addRawDomain(domain, claim, spec.raw);
  else addTypedDomain(domain, claim, spec);
  return domain.render();
}

function addTypedDomain(domain: Builder, claim: DomainClaim, spec: DomainSpec): void {
  domain.ele("memory", { unit: "MiB" }).txt(String(spec.memoryMib));
  addMemoryBacking(domain, spec);
  domain.ele("vcpu").txt(String(spec.vcpus));
  addPlacement(domain, spec);
  addBoot(domain, spec);
  const features = domain.ele("features");
  features.ele("acpi"); // without it a guest never hears that it should shut down
  features.ele("apic");
  // Without it the variables that decide what is a signed loader could be written by the guest's own system.
  if (spec.firmware.secureBoot) features.ele("smm", { state: "on" });
  addCpu(domain, spec);
  domain.ele("on_poweroff").txt("destroy");
  domain.ele("on_reboot").txt("restart");
  domain.ele("on_crash").txt("destroy");
  addDevices(domain, claim, spec);
  if (spec.display?.size) addScreenSize(domain, spec.display.size);
}
