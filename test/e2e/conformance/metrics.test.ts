// /metrics tells what is made and taken, and in which mode, on every backend.
import assert from "node:assert/strict";
import { present } from "../harness/world.ts";
import type { Subject } from "./subject.ts";
import { conform } from "./suite.ts";

/** The backend's name, as series have it. */
const labelOf = ({ shown }: Subject): string => shown.backend.replace("BACKEND_", "").toLowerCase();

conform("metrics", {
  "the GPU is shown with its backend, and as one on which vGPUs can be made": async (trial) => {
    const { gpu } = trial.subject;
    const backend = labelOf(trial.subject);
    const scrape = await trial.world.scrape();
    assert.match(
      scrape,
      new RegExp(`^vgpud_gpu_info\\{pci_address="${gpu}",[^}]*backend="${backend}"\\} 1$`, "m"),
    );
    assert.match(scrape, new RegExp(`^vgpud_gpu_vgpu_supported\\{pci_address="${gpu}"\\} 1$`, "m"));
  },

  "a vGPU is shown with its type, its backend and its domain": async (trial) => {
    const { subject, world } = trial;
    const { domain } = await trial.create("desk");
    const { uuid, vgpuIds } = present(domain);
    const scrape = await world.scrape();
    const labels = [
      `vgpu_id="${vgpuIds[0] ?? ""}"`,
      `pci_address="${subject.gpu}"`,
      `vgpu_type="${subject.type}"`,
      `backend="${labelOf(subject)}"`,
      `ownership="own"`,
      `domain_uuid="${uuid}"`,
      `domain_name="desk"`,
    ];
    assert.ok(scrape.split("\n").includes(`vgpud_vgpu_info{${labels.join(",")}} 1`), scrape);
    await trial.destroy("desk");
    assert.doesNotMatch(await world.scrape(), /^vgpud_vgpu_info/m);
  },

  "what is taken and left of the type is counted with each create and destroy": async (trial) => {
    const { subject, world } = trial;
    const assertLeft = async (own: number): Promise<void> => {
      await trial.assertTaken({ own, foreign: 0 });
      const labels = `pci_address="${subject.gpu}",vgpu_type="${subject.type}"`;
      const series = (await world.scrape()).split("\n");
      for (const line of [
        `vgpud_gpu_vgpus{pci_address="${subject.gpu}",ownership="own"} ${own}`,
        `vgpud_vgpu_type_allocatable{${labels}} ${subject.room - own}`,
        `vgpud_vgpu_type_slots{${labels},state="used"} ${own}`,
      ])
        assert.ok(series.includes(line), `no line ${line}`);
    };
    await assertLeft(0);
    const names = await trial.fill();
    await assertLeft(names.length);
    for (const [index, name] of names.entries()) {
      await trial.destroy(name);
      await assertLeft(names.length - index - 1);
    }
  },
});
