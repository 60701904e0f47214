// What the simulated kernel and libvirt have, as far as vGPUs of any mode are concerned.
import { z } from "zod";
import type { World } from "../harness/world.ts";

const truthSchema = z.object({
  mdevs: z.array(z.object({ uuid: z.string(), gpu: z.string(), type: z.string() })),
  xengt: z.array(z.object({ domid: z.number() })),
  functions: z.array(z.object({ address: z.string(), of: z.string().nullable(), driver: z.string() })),
  domains: z.array(z.object({ name: z.string(), uuid: z.string(), state: z.string() })),
});

export type HostTruth = z.output<typeof truthSchema>;

export async function truthOf(world: World): Promise<HostTruth> {
  return truthSchema.parse(await world.host.control({ command: "snapshot" }));
}

/** Undefined when libvirt has no domain of that name. */
export async function definitionOf(world: World, name: string): Promise<string | undefined> {
  return await world.asSomebodyElse(async (libvirt) => {
    const domain = await libvirt.lookupDomainByName(name);
    return domain && libvirt.domainXml(domain);
  });
}
