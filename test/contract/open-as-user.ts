// A child process of the polkit test: becomes another user, then opens a connection and says how that went.
// usage: open-as-user.js SOCKET UID GID
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { LibvirtError, messageOf } from "../../agent/node-libvirt/errors.ts";

const [socket = "", uid = "", gid = ""] = process.argv.slice(2);
// Only after the modules are read: the other user may have no way to them.
process.setgroups?.([Number(gid)]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));
try {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  await connection.close();
  process.stdout.write("open");
} catch (caught) {
  const code = caught instanceof LibvirtError ? `${caught.procedure} ${caught.code}` : messageOf(caught);
  process.stdout.write(`refused: ${code}`);
}
