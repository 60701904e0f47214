// What concerns domains of the simulated libvirt that render on a GPU of the host: who may, who does, and how much by now. Pure but
// for the clock.
import { childOf, childrenOf } from "../../core/xml.ts";
import type { SimulatedClock } from "../clock.ts";
import type { RenderingDomain } from "../render-processes.ts";
import type { Definition } from "./definition.ts";
import type { Domain } from "./domain.ts";
import { habitsOf } from "./habits.ts";
import { unsupportedConfiguration } from "./refusals.ts";

/** A QEMU without its modules for OpenGL (qemu_validate.c, qemuValidateDomainDeviceDefVideo). @throws LibvirtError 67 */
export function refuseAcceleration({ root }: Definition): void {
  const models = childrenOf(childOf(root, "devices"), "video").map((video) => childOf(video, "model"));
  if (models.some((model) => childOf(model, "acceleration")?.attributes["accel3d"] === "yes"))
    throw unsupportedConfiguration("3d acceleration is not supported by this QEMU binary");
}

export function renderingDomains(
  domains: readonly Domain[],
  clock: SimulatedClock,
): readonly RenderingDomain[] {
  return domains.flatMap(({ uuid, name, running }) => {
    if (running === undefined) return [];
    const displays = childrenOf(childOf(running.definition.root, "devices"), "graphics");
    const nodes = displays
      .map((display) => childOf(display, "gl")?.attributes["rendernode"])
      .filter((node) => node !== undefined);
    const now = clock.now();
    const seconds = (now - running.startedAt) / 1000;
    const { rendering, video } = habitsOf(name);
    const engineSeconds = { render: rendering.until(seconds), video: video.until(seconds) };
    return [{ uuid, pid: running.pid, id: running.id, nodes, engineSeconds, at: now / 1000 }];
  });
}
