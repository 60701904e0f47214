// The control socket: one JSON command a line, one JSON answer each. What a test or an operator does to the host by hand.
import net from "node:net";
import { z } from "zod";
import { encodeLine, LineReader } from "../hostd/protocol/lines.ts";
import { listenOn } from "../hostd/protocol/listen.ts";
import { DRIVERS } from "../hostd/protocol/messages.ts";
import { faultsSchema } from "./faults/fault.ts";
import { pciAddress as gpu, vgpuId as uuid } from "./forms.ts";
import { xlGuestSchema } from "./host-description.ts";
import { problemsOf } from "./host-yaml.ts";
import { inWords } from "./issue-words.ts";
import { Refusal } from "./problem.ts";

/** A description of a host may have 1 MiB; escaping doubles it at worst. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const pid = z.int().min(1).max(0x7fff_ffff);

const commandSchema = z.discriminatedUnion("command", [
  /** Answers with the whole state. */
  z.strictObject({ command: z.literal("snapshot") }),
  /** Answers with the host's description as YAML and the faults that are set. */
  z.strictObject({ command: z.literal("simulation") }),
  /** Answers with the faults as they are set. */
  z.strictObject({ command: z.literal("set-faults"), faults: faultsSchema }),
  /** Without names: all. A name that is not set is passed over. Answers with those that are still set. */
  z.strictObject({ command: z.literal("clear-faults"), names: z.array(z.string()).optional() }),
  /** Boots as another host, with what its description says stands there. */
  z.strictObject({
    command: z.literal("load-host"),
    yaml: z.string(),
    keep_faults: z.boolean().default(false),
  }),
  z.strictObject({ command: z.literal("reboot") }),
  /** Somebody else writes a `create` file. Fails with the errno. */
  z.strictObject({ command: z.literal("create-mdev"), gpu, type: z.string(), uuid }),
  /** Somebody else writes a `remove` file without looking whether it is held. Answers `blocked` at once when it waits. */
  z.strictObject({ command: z.literal("remove-mdev"), uuid }),
  /**
   * Somebody else writes `sriov_drivers_autoprobe` and `sriov_numvfs` without looking whether a function is held. Fails with the
   * errno. Answers `blocked` at once when it waits.
   */
  z.strictObject({
    command: z.literal("set-vfs"),
    gpu,
    count: z.int().min(0).max(65_535),
    autoprobe: z.boolean().default(false),
  }),
  /** Somebody else binds a function without looking whether it is held. Fails and answers as `set-vfs` does. */
  z.strictObject({ command: z.literal("bind-driver"), device: gpu, driver: z.enum(DRIVERS) }),
  /** A process opens the VFIO group of a PCI function; it ends with `release`. */
  z.strictObject({
    command: z.literal("hold-function"),
    device: gpu,
    pid,
    name: z.string().min(1).max(15),
  }),
  /** A process opens the vGPU; it ends with `release`. */
  z.strictObject({ command: z.literal("hold"), uuid, pid, name: z.string().min(1).max(15) }),
  z.strictObject({ command: z.literal("release"), pid }),
  /** Somebody else writes `create_vgt_instance`: a line that makes or removes a slice of XenGT. Fails with the errno. */
  z.strictObject({ command: z.literal("write-vgt"), line: z.string().max(256) }),
  /** Somebody makes a guest of Xen by `xl`, which tells nobody. */
  z.strictObject({ command: z.literal("xl-create"), guest: xlGuestSchema }),
  z.strictObject({ command: z.literal("xl-destroy"), name: z.string() }),
  /** What a guest does by itself. */
  z.strictObject({
    command: z.literal("guest"),
    domain: z.string(),
    does: z.enum(["crash", "poweroff", "reboot"]),
  }),
  /** Somebody installs another libvirt and starts it: clients are cut off, domains run on. */
  z.strictObject({
    command: z.literal("replace-libvirt"),
    version: z.string().regex(/^\d+\.\d{1,3}\.\d{1,3}$/),
  }),
  /** Delays of the simulated host that end within the next `ms` end now; what waited has gone on when it answers. */
  z.strictObject({ command: z.literal("advance"), ms: z.int().min(0).max(86_400_000) }),
]);

export type ControlCommand = z.output<typeof commandSchema>;

/** Carries a command out; what it throws is answered as the command's error. */
export type ControlHandler = (command: ControlCommand) => unknown;

export async function serveControl(socketPath: string, handle: ControlHandler): Promise<AsyncDisposable> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => undefined);
    const reader = new LineReader(MAX_LINE_BYTES);
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const line of reader.feed(chunk)) void answer(line, handle).then((text) => socket.write(text));
      } catch {
        // A line without end: nothing sensible follows.
        socket.destroy();
      }
    });
  });
  await listenOn(server, { path: socketPath });
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(line: string, handle: ControlHandler): Promise<string> {
  try {
    const content: unknown = JSON.parse(line);
    const command = commandSchema.safeParse(content, { error: inWords });
    if (!command.success) throw new Refusal("do that", problemsOf(command.error));
    return encodeLine({ ok: true, value: (await handle(command.data)) ?? null });
  } catch (error) {
    const problems = error instanceof Refusal ? error.problems : [];
    return encodeLine({
      ok: false,
      error: error instanceof Error ? error.message : String(error),
      problems,
    });
  }
}
