// Builds the libvirt XML of a domain from typed values (libvirt: docs/formatdomain.rst). Pure; a library escapes.
import { AgentError } from "../core/errors.ts";
import { addProperties, addScreenSize } from "../core/vgpu-elements.ts";
import { Builder } from "../core/xml-builder.ts";
import type { DomainClaim } from "./claim.ts";
import { isForXen, type DomainSpec, type XenGuestType } from "./domain-spec.ts";
import { addBoot } from "./domain-xml-boot.ts";
import { addCpu, addMemoryBacking, addPlacement } from "./domain-xml-cpu.ts";
import { addDevices } from "./domain-xml-devices.ts";
import { igdProperties } from "./domain-xml-igd.ts";
import { addMark, markOf } from "./domain-xml-mark.ts";
import { addXenDomain } from "./domain-xml-xen.ts";
import { addRawDomain } from "./raw-xml/build.ts";

/** What domains run on; from libvirt's own capabilities. */
export type Hypervisor =
  /** `qemu` where the host has no KVM. */
  | { readonly domainType: "kvm" | "qemu" }
  /** Without hardware virtualisation only `pv`. */
  | {
      readonly domainType: "xen";
      readonly guestTypes: ReadonlySet<XenGuestType>;
      /** The program that makes XenGT's slices, by its path; absent where vgpud does. */
      readonly deviceModel?: string;
    };

/** @throws AgentError LIBVIRT_REFUSED for a kind of guest that the hypervisor does not have */
export function domainXml(claim: DomainClaim, spec: DomainSpec, hypervisor: Hypervisor): string {
  refuseOtherKinds(spec, hypervisor);
  const domain = Builder.root("domain", { type: hypervisor.domainType });
  domain.ele("name").txt(spec.name);
  domain.ele("uuid").txt(spec.id);
  addMark(domain, markOf(claim));
  if (spec.raw) addRawDomain(domain, claim, spec.raw);
  else if (isForXen(spec)) addXenDomain(domain, claim, spec, deviceModelOf(hypervisor));
  else addTypedDomain(domain, claim, spec);
  return domain.render();
}

function deviceModelOf(hypervisor: Hypervisor): string | undefined {
  return hypervisor.domainType === "xen" ? hypervisor.deviceModel : undefined;
}

/** A claim may have been made when the host ran another hypervisor. */
function refuseOtherKinds({ name, xenGuestType }: DomainSpec, hypervisor: Hypervisor): void {
  const offered = hypervisor.domainType === "xen" ? hypervisor.guestTypes : undefined;
  if (xenGuestType ? offered?.has(xenGuestType) : !offered) return;
  const wanted = xenGuestType ? `a ${xenGuestType} guest of Xen` : "a guest of KVM";
  const here = offered ? `guests of Xen of the kinds ${[...offered].join(", ")}` : "guests of KVM";
  const message = `domain ${name} is ${wanted}, and libvirt offers ${here} here`;
  throw new AgentError("LIBVIRT_REFUSED", message, { details: { domain: name } });
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
  if (claim.share.mode === "gvt-g" && spec.display?.size) addScreenSize(domain, spec.display.size);
  const properties = spec.igd ? igdProperties(spec.igd) : {};
  if (Object.keys(properties).length > 0) addProperties(domain, properties);
}
