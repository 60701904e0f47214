// What leads on from a refusal, by its reason: one line for each thing to look at, to do, or to do first.
import type { RunContext } from "../run-context.ts";

/** `about` is what the reason is about, by name. Undefined: the reason says nothing here that the kind of the error does not. */
type Lead = (context: RunContext, about: Readonly<Record<string, string>>) => readonly string[] | undefined;

const look =
  (...words: readonly string[]): Lead =>
  ({ line }) => [line(...words)];

const say =
  (...hints: readonly string[]): Lead =>
  () =>
    hints;

export const leads: Readonly<Record<string, Lead>> = {
  GPU_NOT_FOUND: look("gpus"),
  GPU_DRAINED: look("gpus"),
  HOST_DRAINED: look("host"),
  TYPE_UNKNOWN: look("gpus"),
  CALLERS_LIMIT_REACHED: look("vgpus"),
  DOMAIN_NOT_FOUND: look("domains"),
  // With Placement in front the command says itself how the other one is looked at.
  DOMAIN_NAME_EXISTS: ({ command, line }) => (command.kind === "remote" ? [] : [line("domains")]),
  DOMAIN_UUID_EXISTS: look("domains"),
  DOMAIN_NOT_ADOPTABLE: look("domains"),
  DISK_IN_USE: look("domains"),
  RESERVATION_NOT_FOUND: look("reservations"),
  RESERVATION_MISMATCH: look("reservations"),

  // A claim that was not found may have been meant as a domain's.
  VGPU_NOT_FOUND: ({ command, line }) =>
    command.name === "reconcile" ? [line("vgpus"), line("domains")] : [line("vgpus")],
  DOMAIN_VANISHED: ({ ref, line }) => (ref === undefined ? undefined : [line("destroy", ref)]),
  DOMAIN_FOREIGN: ({ ref, line }) =>
    ref === undefined
      ? undefined
      : [line("domains", ref), `with the vGPU it shows: ${line("adopt", "VGPU_ID", "--with-domain")}`],
  CLAIM_STATE: ofOtherKind,
  CLAIM_NOT_BOOKED: toBook,

  DOMAIN_HAS_VGPU: look("vgpus"),
  // Of one that an examination found the condition says more than the refusal.
  DEVICE_MODEL_MISSING: ({ line }) => [
    line("doctor", "--mode", "gvt-g"),
    "once the configuration names it: systemctl restart vgpud",
  ],
  VGPU_IN_USE: ofUsers,

  // Seen elsewhere than by vgpuctl.
  LIBVIRT_REFUSED: ({ line }) => [
    line("doctor"),
    "what libvirt says of it: journalctl -u libvirtd -u virtqemud -u virtxend",
  ],
  KERNEL_REFUSED: ({ line }) => [line("doctor"), "what the kernel says of it: dmesg | tail"],
  HOSTD_UNAVAILABLE: (_context, { xenstore }) =>
    xenstore === undefined
      ? ["systemctl status vgpud-hostd.socket vgpud-hostd"]
      : ["pgrep -a xenstored", "what Xen says of it: journalctl -b -u xen -u xenstored"],
  LEDGER_UNAVAILABLE: say("the disk of vgpud's state directory, as a rule /var/lib/vgpud: df, dmesg"),

  // No other flag would help. Of a path the message says what to do: it may be missing, too.
  NETWORK_NOT_ALLOWED: say("once the configuration lists it: systemctl reload vgpud"),
  PATH_NOT_ALLOWED: say(),
};

/** What stands in the way of a change of a GPU: who has what of it, and functions that nobody need have. */
function ofUsers(
  { line, retry }: RunContext,
  { gpu, virtual_functions: functions, screens }: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  if (gpu === undefined || screens !== undefined) return undefined;
  const whole =
    functions === undefined ? [] : [`to make it whole: ${line("set-functions", gpu, "0")}`, `then: ${retry}`];
  return [line("gpus", gpu), line("vgpus"), ...whole];
}

/** Who creates on a host with Placement in front, without having booked. A job of Slurm's is on another node, or has no GRES. */
function toBook(
  { command }: RunContext,
  { claim_id: claim = "", gpus }: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  // It may be booked, and on another GPU of the host.
  if (command.name !== "create" || claim.startsWith("slurm:") || gpus !== undefined) return undefined;
  return [
    "without Nova, booked and made in one: vgpuctl schedule create --flavor FLAVOR --name NAME -f FILE",
  ];
}

/** What does what was meant, where the claim is of another kind than the command, or there is none. */
function ofOtherKind(
  { command, line, retry }: RunContext,
  { domain_uuid: domain, claim_id: claim, vgpu_id: vgpu }: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  if (command.name === "release" && claim !== undefined) return [line("vgpus", `claim:${claim}`)];
  if (command.name !== "delete-vgpu") return undefined;
  if (domain !== undefined) return [line("destroy", domain)];
  if (claim !== undefined) return [line("release", claim)];
  return vgpu === undefined
    ? [line("vgpus")]
    : [`to take it over first: ${line("adopt", vgpu)}`, `then: ${retry}`];
}
