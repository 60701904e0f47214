// Whether the host's domains and the ledger know of each other.
import { CLAIM_MARK_NAMESPACE } from "../../core/claim-mark.ts";
import { fail, hostCheck, notApplicable, pass, unknown, type HostSubject } from "../condition.ts";
import type { Look } from "../look.ts";
import type { OrphanDomain } from "../orphan-domains.ts";

/** A host may have hundreds of domains; the number of all is in the message. */
const MOST_SHOWN = 16;

export const domainWithoutClaim = hostCheck({
  code: "DOMAIN_WITHOUT_CLAIM",
  // Nothing of a GPU is missing, but whoever starts such a domain may take disks that are another's now.
  costs: { "gvt-g": "warning", "gvt-d": "warning", "gvt-s": "warning", sriov: "warning" },
  dependsOn: ["LIBVIRT_UNAVAILABLE"],
  how: "libvirt's domains whose <metadata> has vgpud's mark of that very domain, beside the claims of the ledger",
  check: (look, host) => Promise.resolve(judged(look, host)),
});

function judged(look: Look, host: HostSubject) {
  const { orphans } = host;
  if (!orphans) return notApplicable("no-agent");
  if (!orphans.known) return unknown("not-known", { why: orphans.why });
  const { domains } = orphans;
  for (const { name, id, claimId, isOn } of domains.slice(0, MOST_SHOWN))
    look.saw(`libvirt: domain ${name} (${id})`, `marked for claim ${claimId}, ${isOn ? "on" : "off"}`);
  const first = domains.find(({ isOn }) => isOn) ?? domains[0];
  if (!first) return pass("none");
  const { name, id, claimId: claim, isOn } = first;
  const values = { count: domains.length, name, id, claim, ...commandsFor(first, host) };
  return fail(isOn ? "on" : "off", values);
}

function commandsFor({ id, isOn, hasEnded }: OrphanDomain, { libvirt, hypervisor }: HostSubject) {
  const isXen = hypervisor === "xen";
  const uri = libvirt.asked ? libvirt.uri : isXen ? "xen:///system" : "qemu:///system";
  const virsh = `virsh -c ${uri}`;
  // As vgpud's own: one with snapshots or checkpoints is not undefined otherwise. libvirt's driver for Xen knows neither, nor NVRAM
  // (libxl_driver.c, libxlDomainUndefineFlags).
  const beside = isXen ? "" : " --nvram --snapshots-metadata --checkpoints-metadata";
  const undefine = hasEnded ? `vgpuctl destroy ${id}` : `${virsh} undefine ${id} --managed-save${beside}`;
  const unmark = `${virsh} metadata ${id} ${CLAIM_MARK_NAMESPACE} --remove --config${isOn ? " --live" : ""}`;
  return { undefine, unmark, shutdown: `${virsh} shutdown ${id}` };
}
