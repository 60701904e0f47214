// GPUs and their virtual functions as libvirt's node devices.
import assert from "node:assert/strict";
import { ListNodeDevices } from "../../../agent/node-libvirt/constants.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { SimulatedClock } from "../../../agent/simulator/clock.ts";
import { FaultBoard } from "../../../agent/simulator/faults/board.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { KernelCalls } from "../../../agent/simulator/kernel-calls.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { NodeDevices } from "../../../agent/simulator/libvirt/node-devices.ts";
import { pciAddress } from "../../fakes/ids.ts";

const GPU = pciAddress(3);
const HOST = `gpus: [{ address: "${GPU}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 31 }]`;

function started(): { readonly kernel: SimulatedKernel; readonly devices: NodeDevices } {
  const kernel = new SimulatedKernel(parseHost(HOST, "test"), () => "boot");
  const calls = new KernelCalls(kernel, new FaultBoard(new SimulatedClock(), []));
  return { kernel, devices: new NodeDevices(kernel, calls, new EventBroadcast()) };
}

describe("the simulated libvirt's node devices", () => {
  it("say how many virtual functions a GPU may have, and which it has", async () => {
    const { kernel, devices } = started();
    const name = "pci_0000_03_02_0";
    assert.match(devices.xml(name), /<capability type='virt_functions' maxCount='31'\/>/);
    await kernel.functions.setVfs(GPU, 2);
    assert.match(
      devices.xml(name),
      /<capability type='virt_functions' maxCount='31'>\s*<address domain='0x0000' bus='0x03' slot='0x02' function='0x1'\/>\s*<address [^>]*function='0x2'\/>\s*<\/capability>/,
    );
  });

  it("have a virtual function beside its GPU, with its driver and where it is from", async () => {
    const { kernel, devices } = started();
    await kernel.functions.setVfs(GPU, 1);
    const name = "pci_0000_03_02_1";
    assert.deepEqual(devices.list(ListNodeDevices.pci), ["pci_0000_03_02_0", name]);
    assert.deepEqual([devices.parent(name), devices.capabilities(name)], ["computer", ["pci"]]);
    assert.match(devices.xml(name), /<driver>\s*<name>xe<\/name>/);
    assert.match(
      devices.xml(name),
      /<capability type='phys_function'>\s*<address domain='0x0000' bus='0x03' slot='0x02' function='0x0'\/>/,
    );
    await kernel.functions.setVfs(GPU, 0);
    assert.throws(() => devices.xml(name), { code: 53 });
  });
});
