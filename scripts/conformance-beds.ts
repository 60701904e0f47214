// Which tests of the beds look at what a case of test/e2e/conformance looks at. A case that none does is not here.
import type { BedTest, BedTests } from "./conformance-page.ts";

const agent = (title: string): { readonly kvmgt: BedTest } => ({ kvmgt: { suite: "agent.test.ts", title } });
const reboot = (title: string): { readonly kvmgt: BedTest } => ({
  kvmgt: { suite: "systemd-reboot.ts", title },
});
const crash = (title: string): { readonly kvmgt: BedTest } => ({
  kvmgt: { suite: "crash-points.test.ts", title },
});

export const bedTests: BedTests = {
  create: {
    "a domain is placed, made and started, and its definition names what it was given": agent(
      "is placed, made, defined and started, and the answer says where and why",
    ),
    "what the kernel has is what the answer says": agent(
      "is a QEMU that holds the slice's VFIO group, confined by AppArmor",
    ),
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
    "nothing is left of a domain but a tombstone, and its room is to be had again": agent(
      "is gone with process, slice and definition, and only a tombstone remembers it",
    ),
    "a domain that gives its vGPU back when it is off has it again when it is started": agent(
      "gives its slice back with RELEASE, and a start makes it again",
    ),
  },
  crash: {
    'of a create, at "after start-domain"': crash("after start-domain"),
    'of a destroy, at "after remove-vgpu"': crash("after remove-vgpu"),
  },
  foreign: {
    "is shown as foreign, whoever looks": agent("is listed as foreign, and its slice counts as used"),
    "is neither stopped nor destroyed, whoever asks": agent("is not destroyed, whoever asks"),
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
    "one more than there is room for": agent(
      "exhausted refuses what a plan says is too much, with what is lacking and free, and leaves nothing",
    ),
    "a create while libvirt is away": {
      kvmgt: {
        suite: "agent-faults.test.ts",
        title: "killed does the same, and started again is used without a restart of the agent",
      },
    },
  },
};
