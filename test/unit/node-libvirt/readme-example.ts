// The example of agent/node-libvirt/README.md, from the marker on; a test keeps the two alike and runs it.
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { subscribe } from "../../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";

export async function startGuest(socket: string, log: (text: string) => void): Promise<void> {
  // README begin
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  void connection.lost.then((loss) => {
    log(`lost: ${loss.reason}`);
  });
  const libvirt = new Libvirt(connection);
  await subscribe(connection, ["domain-lifecycle"], (event) => {
    if (event.kind === "domain-lifecycle") log(`${event.domain.name} ${event.change}`);
  });
  try {
    const guest = await libvirt.lookupDomainByName("guest"); // undefined when there is none
    if (guest) await libvirt.startDomain(guest, { timeoutMs: 60_000 });
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error; // no answer: the outcome is unknown
    log(`libvirt says ${error.code}: ${error.message}`);
  }
  await connection.close();
  // README end
}
