// vgpud in the dom0 of a real Xen: that it finds out where it is, tells it rightly, sees domains come and go, and has a device
// model make slices.
import assert from "node:assert/strict";
import { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { vgpuctl } from "../../unit/cli/vgpuctl.ts";
import { AgentInBed, domainRequest, eventually, makeDisk } from "../agent-in-bed.ts";
import { doctorFindsWhatIsRecorded } from "../doctor-record.ts";
import { gpuAddress } from "../gpu.ts";
import { givesWholeGpus } from "./functions.ts";
import * as domains from "./domains.ts";
import { virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";
import { BY_MODEL } from "./xengt-agent.ts";

/** Emulation makes every answer slow. */
const patient = ["--timeout", "60s"];

describe("vgpud in the dom0 of a real Xen", () => {
  let agent: AgentInBed;

  before(async () => {
    await bed.reset();
    // The default is where Xen's own builds have their QEMU; Debian's is elsewhere, and is none that makes slices.
    agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system", settings: BY_MODEL });
  });

  after(async () => {
    agent.close();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  /** What doctor has found, as "PASS" or "FAIL" by reason, once libvirt has been asked. */
  function doctor(): Promise<ReadonlyMap<string, string>> {
    const ask = async (): Promise<ReadonlyMap<string, string>> => {
      const { stdout } = await vgpuctl(agent.socket, [...patient, "doctor", "--all", "-o", "json"]);
      const { conditions } = DiagnoseResponse.fromJSON(JSON.parse(stdout));
      return new Map(
        conditions.map(({ reason, status }) => [reason, status.replace("CONDITION_STATUS_", "")]),
      );
    };
    return eventually(ask, (found) => found.get("LIBVIRT_UNAVAILABLE") === "PASS");
  }

  it("knows Xen, libvirt's driver for it, and XenGT of dom0's kernel", async () => {
    const found = await doctor();
    for (const reason of ["NO_HYPERVISOR", "INSIDE_GUEST", "XENGT_MISSING", "GVT_UNSUPPORTED_PLATFORM"])
      assert.equal(found.get(reason), "PASS", reason);
    for (const reason of ["LIBVIRT_UNAVAILABLE", "LIBVIRT_DRIVER_UNFIT", "LIBVIRT_TOO_OLD"])
      assert.equal(found.get(reason), "PASS", reason);
    for (const reason of ["KVMGT_NOT_LOADED", "VFIO_NOT_LOADED", "MSRS_NOT_IGNORED", "MAC_DENIES_VFIO"])
      assert.equal(found.get(reason), "NOT_APPLICABLE", reason);
    assert.equal(found.get("VIRGL_NOT_ON_XEN"), "FAIL");
  });

  it("is told by doctor what is recorded of this bed (UPDATE_GOLDEN=1 records it, then npm run docs)", async () => {
    await doctorFindsWhatIsRecorded("xen", agent.socket);
  });

  it("finds Xen's QEMU where Debian has it, and the IOMMU that Xen has taken", async () => {
    const found = await doctor();
    assert.equal(found.get("QEMU_MISSING"), "PASS");
    assert.equal(found.get("IOMMU_OFF"), "PASS");
    assert.match(await bed.check("xl info virt_caps"), /\bhvm_directio\b/);
  });

  it("asks no Skylake for virtual functions, though the bed's i915 takes max_vfs", async () => {
    const found = await doctor();
    assert.equal(found.get("SRIOV_UNSUPPORTED_PLATFORM"), "FAIL");
    for (const reason of ["SRIOV_DRIVER_UNFIT", "SRIOV_LIMIT_ZERO"])
      assert.equal(found.get(reason), "NOT_APPLICABLE", reason);
  });

  it("shows the GPU with the backends that it has under Xen", async () => {
    const gpu = await agent.client.gpu();
    assert.deepEqual([gpu.pciAddress, gpu.driver, gpu.apertureMib], [gpuAddress, "i915", 512]);
    const backends = new Map(gpu.modes.map(({ mode, backend }) => [mode, backend]));
    assert.equal(backends.get("MODE_GVT_G"), "BACKEND_XENGT");
    assert.equal(backends.get("MODE_GVT_D"), "BACKEND_PASSTHROUGH");
  });

  it("sees XenGT go when i915 lets the GPU go, and come back with it", async () => {
    const driver = "/sys/bus/pci/drivers/i915";
    const is = (status: string) => (found: ReadonlyMap<string, string>) =>
      found.get("XENGT_MISSING") === status;
    await bed.check(`echo ${gpuAddress} >${driver}/unbind`);
    await eventually(doctor, is("FAIL"));
    await bed.check(`echo ${gpuAddress} >${driver}/bind`);
    await eventually(doctor, is("PASS"));
  });

  it("shows a domain that somebody made as foreign, with its state, and none once it is gone", async () => {
    const seen = async (): Promise<string | undefined> => {
      const { domains: shown } = await agent.client.listDomains();
      const other = shown.find(({ name }) => name === "other");
      return other && `${other.ownership} ${other.state}`;
    };
    await domains.create(bed, { name: "other", kind: "pvh" });
    await eventually(seen, (shown) => shown === "OWNERSHIP_FOREIGN DOMAIN_STATE_PAUSED");
    await virsh(bed, "resume other");
    await eventually(seen, (shown) => shown === "OWNERSHIP_FOREIGN DOMAIN_STATE_RUNNING");
    await virsh(bed, "destroy other");
    await eventually(seen, (shown) => shown === undefined);
  });

  it("leaves the slice of a domain of its own to the device model, which makes one of its size", async () => {
    await makeDisk(bed, "model");
    await agent.client.createDomain(domainRequest("model", "4"));
    const domid = Number(await virsh(bed, "domid model"));
    assert.deepEqual(await vgt.instances(bed), { [domid]: 1 });
    const said = await bed.check("grep vGT /var/log/xen/qemu-dm-model.log");
    assert.match(said, new RegExp(`vGT: ${domid},128,512,4,1,0`));
    await agent.client.destroyDomain("model");
    assert.deepEqual(await vgt.instances(bed), {});
  });

  describe("beside a second GPU", () => {
    givesWholeGpus(() => agent);
  });
});
