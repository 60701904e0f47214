// What becomes of guests when the host goes down: saved to a file, they come back without what they held of a GPU, or not at all.
import { fail, hostCheck, pass, type Finding, type Says } from "../condition.ts";
import type { Look } from "../look.ts";

type Judged = Finding<Says<"LIBVIRT_GUESTS_SUSPEND">>;

const GUESTS_UNIT = "etc/systemd/system/multi-user.target.wants/libvirt-guests.service";
/** Of Debian it is a script of System V, for which systemd makes a unit while it is enabled. */
const XENDOMAINS_UNITS = [
  "etc/systemd/system/multi-user.target.wants/xendomains.service",
  "run/systemd/generator.late/multi-user.target.wants/xendomains.service",
] as const;

export const libvirtGuestsSuspend = hostCheck({
  code: "LIBVIRT_GUESTS_SUSPEND",
  costs: { "gvt-g": "warning", "gvt-d": "warning", sriov: "warning" },
  dependsOn: [],
  how:
    "whether libvirt-guests.service is enabled, and ON_SHUTDOWN in /etc/default/libvirt-guests or /etc/sysconfig/libvirt-guests; " +
    "where it is not set libvirt-guests suspends. Under Xen, where that is not enabled, whether xendomains is, and XENDOMAINS_SAVE " +
    "in its settings: it saves whatever domain runs, libvirt's too",
  check: async (look, { hypervisor }) => {
    const xen = hypervisor === "xen";
    if (await look.has(GUESTS_UNIT)) return byLibvirtGuests(look, xen);
    return xen ? byXendomains(look) : pass("not-enabled");
  },
});

async function byLibvirtGuests(look: Look, xen: boolean): Promise<Judged> {
  const { file, value } = await setting(look, "libvirt-guests", /^\s*ON_SHUTDOWN=["']?(\w+)/);
  if (value !== undefined && value !== "suspend") return pass("shuts-down", { value });
  if (value === undefined) return fail(xen ? "by-default-xen" : "by-default", { file });
  return fail(xen ? "told-xen" : "told", { file });
}

/** tools/hotplug/Linux/xendomains.in, and Debian's own script, as of Xen 4.17: without a folder to save to it shuts them down. */
async function byXendomains(look: Look): Promise<Judged> {
  for (const unit of XENDOMAINS_UNITS) {
    if (!(await look.has(unit))) continue;
    const { file, value } = await setting(look, "xendomains", /^\s*XENDOMAINS_SAVE=["']?([^"'\s#]*)/);
    return value === undefined || value === ""
      ? pass("xendomains-shuts-down")
      : fail("xendomains-saves", { file, folder: value });
  }
  return pass("not-enabled-xen");
}

/** A shell reads such a file: the last assignment holds. Undefined where there is none. @throws UnreadableError */
async function setting(
  look: Look,
  name: string,
  assigned: RegExp,
): Promise<{ readonly file: string; readonly value: string | undefined }> {
  const path = await settingsOf(look, name);
  const line = (await look.lines(path, assigned))?.at(-1);
  return { file: `/${path}`, value: assigned.exec(line ?? "")?.[1] };
}

/** Debian's place, or that of all others; where neither is, that of which the folder is there. @throws UnreadableError */
async function settingsOf(look: Look, name: string): Promise<string> {
  const [debian, others] = [`etc/default/${name}`, `etc/sysconfig/${name}`] as const;
  if (await look.has(debian)) return debian;
  return (await look.has("etc/sysconfig")) ? others : debian;
}
