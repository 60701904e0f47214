// What differs where Xen is the hypervisor.
import { fail, hostCheck, notApplicable, pass } from "../condition.ts";
import { mayHaveXengt } from "../prospects.ts";

export const xengtMissing = hostCheck({
  code: "XENGT_MISSING",
  costs: { "gvt-g": "error" },
  dependsOn: [],
  how:
    "/sys/kernel/vgt/control/create_vgt_instance of dom0's kernel; available_resource beside it is there in the kernels of " +
    "2015 and 2016 only; where a GPU is of a platform that XenGT drove",
  check: async (look, { hypervisor, gpus }) => {
    if (hypervisor !== "xen") return notApplicable("not-xen");
    if (!mayHaveXengt(gpus)) return notApplicable("no-such-gpu");
    const files = await look.names("sys/kernel/vgt/control");
    if (files.includes("create_vgt_instance"))
      return files.includes("available_resource") ? pass("of-2016") : pass("of-2017");
    return (await look.has("sys/module/xengt")) ? fail("not-registered") : fail("missing");
  },
});

export const virglNotOnXen = hostCheck({
  code: "VIRGL_NOT_ON_XEN",
  costs: { "gvt-s": "error" },
  dependsOn: [],
  how: "the hypervisor: libvirt's driver for Xen has no virtio video",
  check: (_look, { hypervisor }) =>
    Promise.resolve(hypervisor === "xen" ? fail("xen") : notApplicable("not-xen")),
});
