// Asks libvirt what it is, on a connection of its own, where no agent holds one.
import { messageOf } from "../core/errors.ts";
import { offeredDevices } from "../discovery/domain-capabilities.ts";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import { Connection } from "../node-libvirt/connection.ts";
import { Libvirt } from "../node-libvirt/libvirt.ts";
import { findSocket } from "../node-libvirt/socket-path.ts";

/** A daemon that takes longer hangs. */
const PATIENCE_MS = 5_000;

export async function readLibvirt(driver: "qemu" | "xen"): Promise<LibvirtReading> {
  const uri = `${driver}:///system`;
  let connection: Connection | undefined;
  try {
    const socket = await findSocket({ driver, readonly: true });
    connection = await Connection.open({
      ...{ socket, uri, readonly: true, keepAlive: false },
      ...{ openTimeoutMs: PATIENCE_MS, callTimeoutMs: PATIENCE_MS },
    });
    const libvirt = new Libvirt(connection);
    const [type, { major, minor, release }] = await Promise.all([
      libvirt.driverType(),
      libvirt.libraryVersion(),
    ]);
    const version = `${major}.${minor}.${release}`;
    const offered = await libvirt.domainCapabilities().then(offeredDevices, () => undefined);
    return { asked: true, answers: true, uri, version, driver: type, offered };
  } catch (error) {
    return { asked: true, answers: false, uri, why: messageOf(error) };
  } finally {
    await connection?.close();
  }
}
