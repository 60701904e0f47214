// CreateDomain before a real libvirtd and a real QEMU, beside the same calls made by libvirt's own binding.
import { randomUUID } from "node:crypto";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain, destroyDomain, nameOf, untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { hostdChildMs } from "../hostd-child.ts";
import { LibvirtPython } from "../libvirt-python.ts";
import { libvirtWithSlices } from "../libvirt-with-slices.ts";
import { mean, timed } from "../measure.ts";

/** A start of QEMU takes from 250 to 440 ms, whoever asks for it: with 40 the ratio of medians still came out from 1.02 to 1.19. */
const ROUNDS = 120;
const MAX_RATIO = 1.15;
const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_8";

export async function createOnQemu(): Promise<Chapter> {
  const simulated = await SimulatedHost.start();
  const childMs = await hostdChildMs(simulated);
  const libvirtd = await libvirtWithSlices(simulated);
  try {
    await using host = await BenchHost.on(simulated, libvirtd.socket);
    await using agent = await host.agent();
    await using python = await LibvirtPython.start(libvirtd.socket);
    using rpc = new Rpc(agent.socket);
    await untilLibvirtIsSeen(rpc);
    const sides = new Sides({ rpc, python, host, agent: agent.pid });
    await sides.round();
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { ours: a, theirs: b } = await sides.round();
      ours.push(a);
      theirs.push(b);
    }
    return chapter(mean(ours), mean(theirs), childMs);
  } finally {
    await libvirtd.stop();
  }
}

function chapter(ours: number, theirs: number, childMs: number): Chapter {
  return {
    title: "CreateDomain on qemu:///system",
    method:
      `A real libvirtd starts a real QEMU (TCG, no system in it), ${ROUNDS} times by CreateDomain and ${ROUNDS} times by python3-libvirt, in turn, ` +
      "with the same document: look at all domains, define it held against the schema, start it, look again; means. " +
      "This machine has no GPU: the slice is one of the simulator's, shown to libvirtd in its own /sys, and QEMU is started without that one device, for both sides; libvirtd's wish to lock that device's memory is granted in words only, since a container's root may not. " +
      "The simulator makes slices without a process for each, so that the child of vgpud-hostd, measured apart, is added to ours before the two are compared; " +
      "it waits for the next operation afterwards. " +
      "Python3-libvirt makes no slice and keeps no ledger, and vgpud stands still while it is measured.",
    figures: [
      { what: "CreateDomain", value: ours, unit: "ms" },
      { what: "child of vgpud-hostd for the slice", value: childMs, unit: "ms" },
      { what: "the same calls by python3-libvirt", value: theirs, unit: "ms" },
      { what: "ratio without the child", value: ours / theirs, unit: "" },
      { what: "ratio", value: (ours + childMs) / theirs, unit: "", bar: { atMost: MAX_RATIO } },
    ],
  };
}

interface Parts {
  readonly rpc: Rpc;
  readonly python: LibvirtPython;
  readonly host: BenchHost;
  /** The process id of vgpud. */
  readonly agent: number;
}

class Sides {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** One create by each, milliseconds. */
  async round(): Promise<{ readonly ours: number; readonly theirs: number }> {
    const { rpc, python, host } = this.#parts;
    let claim = "";
    const ours = await timed(async () => {
      claim = await createDomain(rpc, { image: host.image, vgpuType: TYPE });
    });
    const xml = await python.definition(nameOf(claim));
    await destroyDomain(rpc, claim);
    return { ours, theirs: await this.#theirs(xml) };
  }

  /** With a slice and an identity of its own in the same document. */
  async #theirs(xml: string): Promise<number> {
    const { python, host, agent } = this.#parts;
    const hostd = new HostdClient({ socketPath: host.simulated.hostdSocket });
    const [vgpuId, uuid] = [randomUUID(), randomUUID()];
    await hostd.createMdev({ gpu: GPU, type: TYPE, vgpuId });
    const name = `python-${uuid}`;
    const own = xml
      .replace(/<name>.*<\/name>/, `<name>${name}</name>`)
      .replace(/<uuid>.*<\/uuid>/, `<uuid>${uuid}</uuid>`)
      .replace(/(<address uuid=')[^']*/, `$1${vgpuId}`);
    process.kill(agent, "SIGSTOP");
    try {
      return await python.create(own);
    } finally {
      process.kill(agent, "SIGCONT");
      await python.destroy(name);
      await hostd.removeMdev(vgpuId);
      hostd.close();
    }
  }
}
