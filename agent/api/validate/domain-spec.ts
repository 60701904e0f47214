// From a domain as it came over the wire to one that can be built. Everything that is wrong is said at once.
import { DomainSpec as Wire } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { OnStop as WireOnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import { parseDomainId, type DomainId } from "../../core/ids.ts";
import type { Labels, OnStop } from "../../inventory/model.ts";
import { plainHardware, type DomainSpec } from "../../lifecycle/domain-spec.ts";
import { readRawDomain } from "../../lifecycle/raw-xml/read.ts";
import { parseBoot } from "./boot.ts";
import { parseConsoles, parseDisplay } from "./consoles.ts";
import { parseCpu, parseHugePages, parseNuma } from "./cpu-and-memory.ts";
import { kvmDisk, parseDisks, type DiskRule } from "./disks.ts";
import {
  all,
  formed,
  inRange,
  invalid,
  join,
  known,
  refuse,
  required,
  setFields,
  snakeCase,
  unsupportedHere,
} from "./fields.ts";
import { parseFirmware, parseMachine } from "./firmware.ts";
import * as forms from "./forms.ts";
import { parseIgd } from "./igd.ts";
import { kvmNic, parseNics, type NicRule } from "./nics.ts";
import { refuseOnXen, xenDisk, xenGuestTypeOf, xenNic, type OnXen } from "./on-xen.ts";

const onStops = {
  [WireOnStop.UNSPECIFIED]: "hold",
  [WireOnStop.HOLD]: "hold",
  [WireOnStop.RELEASE]: "release",
  [WireOnStop.UNRECOGNIZED]: undefined,
} as const satisfies Record<WireOnStop, OnStop | undefined>;

/** Beside raw XML these may be set, too: libvirt's XML has no words for them. */
const BESIDE_RAW_XML: readonly string[] = ["rawXml", "onStop", "labels", "autostart"];

/** Where the domain is to be made. */
export interface Site {
  readonly hypervisor: "kvm" | "xen";
  /** The UUID of a domain that came without one. */
  readonly newId: () => DomainId;
}

/** `path` is the message's own. */
export function parseDomainSpec(spec: Wire | undefined, path: string, site: Site): DomainSpec {
  if (!spec) throw required(path);
  const { newId } = site;
  const at = (name: string): string => join(path, name);
  const body = site.hypervisor === "xen" ? parseOnXen : parseOnKvm;
  const parsed = all({
    common: () => parseCommon(spec, at),
    body: () => body(spec, { at, newId }),
  });
  return { ...parsed.body, ...parsed.common };
}

type Common = Pick<DomainSpec, "onStop" | "labels" | "autostart">;
type At = (name: string) => string;

function parseCommon(spec: Wire, at: At): Common {
  const { onStop, labels } = all({
    onStop: () => known(onStops[spec.onStop], at("on_stop")),
    labels: () => parseLabels(spec.labels, at("labels")),
  });
  return { onStop, labels, autostart: spec.autostart };
}

interface Context extends Pick<Site, "newId"> {
  readonly at: At;
}

type Body = Omit<DomainSpec, keyof Common>;

function parseOnKvm(spec: Wire, context: Context): Body {
  const { body } = all({
    body: () =>
      spec.rawXml === ""
        ? parseTyped(spec, context, { disk: kvmDisk, nic: kvmNic })
        : parseRaw(spec, context),
    xen: () => {
      refuseOfXen(spec, context.at);
    },
  });
  return body;
}

/** The machine of a Xen guest follows from its kind, and so does its CPU, which is the host's as Xen shows it. */
function parseOnXen(spec: Wire, context: Context): Body {
  const { at } = context;
  if (spec.rawXml !== "")
    throw unsupportedHere(at("raw_xml"), "the list of what it may say is that of domains of KVM");
  const on: OnXen = { type: xenGuestTypeOf(spec, at("xen_guest_type")), at };
  const { body } = all({
    body: () => parseTyped(spec, context, { disk: xenDisk(on), nic: xenNic(on) }),
    beyond: () => {
      refuseOnXen(spec, on);
    },
  });
  const cpu = body.cpu && ({ ...body.cpu, mode: "host-passthrough" } as const);
  return { ...body, xenGuestType: on.type, cpu };
}

/** What a hypervisor makes of the devices that were asked for. */
interface Devices {
  readonly disk: DiskRule;
  readonly nic: NicRule;
}

function parseTyped(spec: Wire, { at, newId }: Context, { disk, nic }: Devices): Body {
  const parsed = all({
    id: () => parseId(spec.uuid, at("uuid"), newId),
    name: () => formed(at("name"), spec.name, forms.NAME),
    vcpus: () => inRange(at("vcpus"), spec.vcpus, forms.VCPUS),
    memoryMib: () => inRange(at("memory_mib"), spec.memoryMib, forms.MEMORY_MIB),
    disks: () => parseDisks(spec.disks, at("disks"), disk),
    seedIso: () => spec.seedIso && formed(at("seed_iso.path"), spec.seedIso.path, forms.PATH),
    boot: () => parseBoot(spec, at("boot")),
    consoles: () => parseConsoles(spec.graphics, at("graphics")),
    display: () => parseDisplay(spec, at("vgpu_display")),
    cpu: () => parseCpu(spec, at("cpu")),
    numa: () => parseNuma(spec.numaTuning, at("numa_tuning")),
    hugePages: () => parseHugePages(spec, at("huge_pages")),
    machine: () => parseMachine(spec.machine, at("machine")),
    firmware: () => parseFirmware(spec, at("firmware")),
    nics: () => parseNics(spec.nics, at("nics"), nic),
    serial: () => parseSerial(spec, at("serial")),
    igd: () => parseIgd(spec, at("igd")),
  });
  const { boot, consoles, ...rest } = parsed;
  return { ...plainHardware, ...rest, ...boot, ...consoles, guestAgent: spec.guestAgent };
}

function parseRaw(spec: Wire, { at, newId }: Context): Body {
  const beside = setFields(spec, Wire.create()).filter((name) => !BESIDE_RAW_XML.includes(name));
  refuse(beside.map((name) => invalid(at(snakeCase(name)), "cannot be set beside raw_xml")));
  const field = at("raw_xml");
  const read = readRawDomain(spec.rawXml, field);
  return {
    ...plainHardware,
    raw: read.raw,
    ...all({
      id: () => parseId(read.uuid, field, newId),
      name: () => formed(field, read.name, forms.NAME),
      vcpus: () => inRange(field, read.vcpus, forms.VCPUS),
      memoryMib: () => inRange(field, read.memoryMib, forms.MEMORY_MIB),
    }),
  };
}

function refuseOfXen({ xenGuestType }: Wire, at: At): void {
  const xen = "the kind of a Xen guest means nothing to KVM, which has one kind; leave it out";
  refuse([xenGuestType !== Wire.create().xenGuestType && unsupportedHere(at("xen_guest_type"), xen)]);
}

function parseId(uuid: string, field: string, newId: () => DomainId): DomainId {
  if (uuid === "") return newId();
  const id = parseDomainId(uuid);
  if (!id || /^[0-]+$/.test(id)) throw invalid(field, "must be a UUID of 36 characters, not all zero");
  return id;
}

function parseSerial({ serial }: Wire, path: string): DomainSpec["serial"] {
  if (!serial) return undefined;
  const { logPath } = serial;
  return { logPath: logPath === "" ? undefined : formed(join(path, "log_path"), logPath, forms.PATH) };
}

export function parseLabels(labels: Labels, path: string): Labels {
  const entries = Object.entries(labels);
  if (entries.length > forms.MAX_LABELS)
    throw invalid(path, `must be at most ${forms.MAX_LABELS}, are ${entries.length}`);
  refuse(
    entries.flatMap(([key, value]) => [
      !forms.LABEL_KEY.test(key) &&
        invalid(
          `${path}[${JSON.stringify(key.slice(0, 80))}]`,
          "has a key that is not 1 to 63 of a-z, 0-9 and ._/- with a letter or digit at both ends",
        ),
      (!forms.LABEL_VALUE.test(value) || Array.from(value).length > forms.MAX_LABEL_VALUE_CHARACTERS) &&
        invalid(
          `${path}[${JSON.stringify(key.slice(0, 80))}]`,
          `must be at most ${forms.MAX_LABEL_VALUE_CHARACTERS} printable characters`,
        ),
    ]),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
