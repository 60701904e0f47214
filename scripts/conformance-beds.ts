// Which tests of the beds look at what a case of test/e2e/conformance looks at. A case that none does is not here.
import type { BedTest, BedTests } from "./conformance-page.ts";

const agent = (title: string): { readonly kvmgt: BedTest } => ({ kvmgt: { suite: "agent.test.ts", title } });
const byAgent = (title: string): { readonly "xengt by agent": BedTest } => ({
  "xengt by agent": { suite: "xen/xengt.test.ts", title },
});
/** A whole life. */
const byModel = {
  xengt: {
    suite: "xen/agent.test.ts",
    title: "leaves the slice of a domain of its own to the device model, which makes one of its size",
  },
};
/** Of whole GPUs and virtual functions, which the agents of two suites give away on each bed: of each commit, and nightly. */
const functionsIn = (suite: "agent.test.ts" | "long/functions.test.ts") => ({
  sriov: (title: string): { readonly sriov: BedTest } => ({ sriov: { suite, title } }),
  passthrough: (title: string): { readonly passthrough: BedTest } => ({ passthrough: { suite, title } }),
  onXen: (title: string): { readonly "passthrough on Xen": BedTest } => ({
    "passthrough on Xen": { suite: `xen/${suite}`, title },
  }),
});
const functions = functionsIn("agent.test.ts");
const functionsLong = functionsIn("long/functions.test.ts");
const givenToTwo = functions.sriov("gives two of them to two domains, whose QEMUs hold them");
const givenWhole = functions.passthrough(
  "is taken from i915, held by its domain's QEMU, and given back to i915",
);
const seenOnXen = functions.onXen("gives it to a guest, which sees it");
/** What somebody gave to a domain past vgpud. */
const ofOthers = {
  xengt: {
    suite: "xen/long/xengt.test.ts",
    title: "shows one of somebody else's domain as foreign, which counts as used, and destroys it for nobody",
  },
  ...functionsLong.sriov(
    "shows one that somebody gave to a domain by virsh as foreign, and gives it to nobody else",
  ),
  ...functionsLong.passthrough(
    "given by somebody to a domain by virsh is shown as foreign, and given to nobody else",
  ),
  ...functionsLong.onXen("shows it as foreign where xl gave it to a guest, and gives it to nobody else"),
};
const reboot = (title: string): { readonly kvmgt: BedTest } => ({
  kvmgt: { suite: "systemd.test.ts", title },
});
const crash = (end: string): { readonly kvmgt: BedTest } => ({
  kvmgt: { suite: "long/crash-points.test.ts", title: `at ${end} loses and leaks nothing` },
});

export const bedTests: BedTests = {
  create: {
    "a domain is placed, made and started, and its definition names what it was given": {
      ...agent("is placed, made, defined and started, and the answer says where and why"),
      ...byModel,
      ...byAgent("makes the slice of a domain itself, before its guest runs"),
      ...givenWhole,
      ...givenToTwo,
      ...seenOnXen,
    },
    "what the kernel has is what the answer says": {
      ...agent("is a QEMU that holds the slice's VFIO group, confined by AppArmor"),
      ...byAgent("makes the slice of a domain itself, before its guest runs"),
      ...givenToTwo,
    },
    "no two domains are given the same": givenToTwo,
  },
  list: {
    "a vGPU is told alike by ListVgpus, GetVgpu, GetDomain, ListDomains and GetGpu": agent(
      "is shown by the lists, the metrics and vgpuctl at once",
    ),
    "a domain that is off keeps its vGPU, which is shown as not in use": agent(
      "is forced off when its time is over; HOLD keeps the slice, and the domain starts again",
    ),
  },
  destroy: {
    "nothing is left of a domain but a tombstone, and its room is to be had again": {
      ...agent("is gone with process, slice and definition, and only a tombstone remembers it"),
      ...byModel,
      ...byAgent("leaves nothing of destroyed domains"),
      ...givenWhole,
      ...functions.sriov(
        "has its functions without a driver again when the domains are destroyed, and is whole again",
      ),
      ...functions.onXen(
        "has it with pciback when the guest is destroyed, and with i915 when it is to share itself again",
      ),
    },
    "a domain that gives its vGPU back when it is off has it again when it is started": agent(
      "gives its slice back with RELEASE, and a start makes it again",
    ),
  },
  crash: {
    'of a create, at "after define-domain"': {
      ...functionsLong.sriov(
        "goes on with the create in whose middle vgpud was killed, beside a domain that holds another",
      ),
      ...functionsLong.passthrough(
        "given by a vgpud that is killed meanwhile is held by its domain's QEMU when that is started again",
      ),
      ...functionsLong.onXen(
        "goes on giving it to a guest when it is started again after it was killed, and the guest sees it",
      ),
    },
    'of a create, at "after start-domain"': {
      ...crash('"after start-domain" of a create'),
      ...byAgent("killed while the kernel makes a slice, goes on with it when it is started again"),
    },
    'of a destroy, at "after remove-vgpu"': crash('"after remove-vgpu" of a destroy'),
  },
  foreign: {
    "is shown as foreign, whoever looks": {
      ...agent("is listed as foreign, and its slice counts as used"),
      ...ofOthers,
    },
    "is neither stopped nor destroyed, whoever asks": {
      ...agent("is not destroyed, whoever asks"),
      ...ofOthers,
    },
  },
  reboot: {
    "a domain that is off has its vGPU, and can be started with it": reboot(
      "leaves the other off, with its slice, until somebody starts it",
    ),
    "a domain that is started with the host runs with its vGPU": reboot(
      "starts what is to be started with the host, whose QEMU then holds its slice",
    ),
    "what is made for a held vGPU is made again by itself": reboot(
      "makes the slices again, of their types and under their names, before libvirt starts",
    ),
  },
  refusals: {
    "one more than there is room for": {
      ...agent(
        "exhausted refuses what a plan says is too much, with what is lacking and free, and leaves nothing",
      ),
      ...byAgent("refuses what there is no room for before the kernel is asked, which would not say why"),
      ...functions.onXen("keeps it while the guest has it"),
    },
    "a create while libvirt is away": {
      kvmgt: {
        suite: "long/agent-faults.test.ts",
        title: "killed does the same, and started again is used without a restart of the agent",
      },
    },
  },
};
