// Whether QEMU renders for guests, by what libvirt offers and by the modules that are there.
import assert from "node:assert/strict";
import { offeredDevices } from "../../../agent/discovery/domain-capabilities.ts";
import { qemuOpengl } from "../../../agent/discovery/qemu-opengl.ts";

const FOLDER = "usr/lib/x86_64-linux-gnu/qemu";
const all = { graphics: ["vnc", "egl-headless"], videos: ["vga", "virtio"] };
const modules =
  (...names: readonly string[]) =>
  (folder: string): Promise<readonly string[]> =>
    Promise.resolve(folder === FOLDER ? names : []);

/** As libvirt 9.0.0 writes it. */
const document = (graphics: string, video: string): string =>
  `<domainCapabilities><devices>
     <graphics supported='yes'><enum name='type'>${graphics}</enum></graphics>
     <video supported='yes'><enum name='modelType'>${video}</enum></video>
   </devices></domainCapabilities>`;

describe("a QEMU that renders for its guests", () => {
  it("is one whose libvirt offers both, where it is in one piece", async () => {
    assert.deepEqual(await qemuOpengl(modules(), all), { has: true, by: "libvirt" });
    assert.deepEqual(await qemuOpengl(modules(), undefined), { has: undefined });
  });

  it("has its module, whatever else is there; libvirt's word alone is not enough", async () => {
    const file = `/${FOLDER}/hw-display-virtio-gpu-gl.so`;
    const others = ["hw-display-virtio-vga-gl.so", "hw-display-virtio-gpu.so", "ui-egl-headless.so"];
    assert.deepEqual(await qemuOpengl(modules(...others), all), { has: false, by: "module", file });
    const whole = modules(...others, "hw-display-virtio-gpu-gl.so");
    assert.deepEqual(await qemuOpengl(whole, all), { has: true, by: "module", file });
    assert.deepEqual(await qemuOpengl(whole, undefined), { has: true, by: "module", file });
  });

  it("is not there where libvirt offers no such display or video", async () => {
    const of = async (offered: typeof all): Promise<unknown> =>
      qemuOpengl(modules("hw-display-virtio-gpu-gl.so"), offered);
    assert.deepEqual(await of({ ...all, graphics: ["vnc"] }), {
      ...{ has: false, by: "libvirt", lacks: ["<graphics type='egl-headless'>"] },
    });
    assert.deepEqual(await of({ graphics: [], videos: ["qxl"] }), {
      ...{ has: false, by: "libvirt" },
      lacks: ["<graphics type='egl-headless'>", "<video> of the model virtio"],
    });
  });
});

describe("what libvirt's domain capabilities offer", () => {
  it("is told by their enumerations, and not at all by those without", () => {
    const values = (...names: readonly string[]): string =>
      names.map((name) => `<value>${name}</value>`).join("");
    assert.deepEqual(offeredDevices(document(values("vnc", "egl-headless"), values("virtio"))), {
      ...{ graphics: ["vnc", "egl-headless"], videos: ["virtio"] },
    });
    assert.deepEqual(offeredDevices(document("", "")), { graphics: [], videos: [] });
    assert.equal(offeredDevices("<domainCapabilities><devices/></domainCapabilities>"), undefined);
  });
});
