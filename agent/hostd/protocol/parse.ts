// Reads messages by hand and strictly: the privileged side has no dependency, and what it does not know it refuses.
import { ENGINE_BOUNDS, isEngineClass, isUncounted, MAX_ENGINE_TICKS, type EngineTicks } from "./engines.ts";
import { FORMS, type FormName } from "./forms.ts";
import {
  DRIVERS,
  MAX_DEADLINE_MS,
  MAX_GUEST_DEVICES,
  MAX_HOLDERS,
  MAX_LINE_BYTES,
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  MAX_RENDER_CLIENTS,
  MAX_RENDER_PROCESSES,
  MAX_VIRTUAL_FUNCTIONS,
  MAX_XEN_GUESTS,
  MIN_DEADLINE_MS,
  PROTOCOL_VERSION,
  XEN_GUEST_TYPES,
  type DriverName,
  type Hello,
  type Holder,
  type Operation,
  type RenderClient,
  type RenderProcess,
  type Reply,
  type Request,
  type Result,
  type XenGuest,
} from "./messages.ts";
import {
  isPriority,
  isShareName,
  MAX_WRITTEN,
  MOST,
  PRIORITIES,
  SHARES,
  type FunctionProfile,
  type Priority,
  type ShareName,
  type WrittenShare,
} from "./shares.ts";
import {
  MAX_VGT_SLICES,
  VGT_BOUNDS,
  VGT_RESOURCES,
  type VgtResources,
  type VgtSizes,
  type VgtUtilization,
} from "./vgt.ts";

/** The other side does not speak this protocol. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** The id of the offending request, 0 when it could not be read. */
  readonly requestId: number;

  constructor(message: string, options: { readonly requestId?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.requestId = options.requestId ?? 0;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws ProtocolError that says which field is wrong, with the request's id when that much could be read. */
export function parseRequest(line: string): Request {
  const fields = readObject(parseJson(line), "request");
  const id = integer(fields, "id", { from: 1, to: 0x7fff_ffff });
  try {
    onlyKeys(fields, ["id", "deadlineMs", "operation"]);
    const deadlineMs = integer(fields, "deadlineMs", { from: MIN_DEADLINE_MS, to: MAX_DEADLINE_MS });
    return { id, deadlineMs, operation: parseOperation(fields["operation"]) };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ProtocolError(cause.message, { requestId: id, cause });
  }
}

/** @throws ProtocolError */
export function parseOperation(value: unknown): Operation {
  const fields = readObject(value, "operation");
  const kind = fields["kind"];
  switch (kind) {
    case "create-mdev": {
      onlyKeys(fields, ["kind", "gpu", "type", "vgpuId"]);
      return {
        kind,
        gpu: named(fields, "gpu"),
        type: named(fields, "type"),
        vgpuId: named(fields, "vgpuId"),
      };
    }
    case "remove-mdev":
    case "holders":
      onlyKeys(fields, ["kind", "vgpuId"]);
      return { kind, vgpuId: named(fields, "vgpuId") };
    case "bind-driver":
      onlyKeys(fields, ["kind", "device", "driver"]);
      return { kind, device: named(fields, "device"), driver: driver(fields) };
    case "set-virtual-functions": {
      onlyKeys(fields, ["kind", "gpu", "count"]);
      const count = integer(fields, "count", { from: 0, to: MAX_VIRTUAL_FUNCTIONS });
      return { kind, gpu: named(fields, "gpu"), count };
    }
    case "set-function-profile": {
      onlyKeys(fields, ["kind", "gpu", "number", "values"]);
      const number = integer(fields, "number", { from: 1, to: MAX_VIRTUAL_FUNCTIONS });
      return { kind, gpu: named(fields, "gpu"), number, values: parseProfile(fields["values"]) };
    }
    case "function-holders":
      onlyKeys(fields, ["kind", "device"]);
      return { kind, device: named(fields, "device") };
    case "xen-domains":
    case "vgt-resources":
    case "vgt-utilization":
      onlyKeys(fields, ["kind"]);
      return { kind };
    case "make-vgt-instance":
      onlyKeys(fields, ["kind", "domid", "lowGmMib", "highGmMib", "fences"]);
      return { kind, domid: integer(fields, "domid", VGT_BOUNDS.domid), ...parseVgtSizes(fields) };
    case "remove-vgt-instance":
      onlyKeys(fields, ["kind", "domid"]);
      return { kind, domid: integer(fields, "domid", VGT_BOUNDS.domid) };
    case "device-model-log":
      onlyKeys(fields, ["kind", "name"]);
      return { kind, name: named(fields, "name") };
    case "render-clients":
    case "engine-ticks":
      onlyKeys(fields, ["kind", "gpu"]);
      return { kind, gpu: named(fields, "gpu") };
    default:
      throw new ProtocolError("the operation is not in the allowlist");
  }
}

/** @throws ProtocolError when the line is no reply */
export function parseReply(line: string): Reply {
  const fields = readObject(parseJson(line), "reply");
  const id = integer(fields, "id", { from: 0, to: 0x7fff_ffff });
  return { id, result: parseResult(fields["result"]) };
}

/** @throws ProtocolError when the line is no greeting, or one of another protocol version */
export function parseHello(line: string): Hello {
  const fields = readObject(parseJson(line), "greeting");
  const hello = text(fields, "hello");
  const protocol = integer(fields, "protocol", { from: 1, to: 0xffff });
  if (protocol !== PROTOCOL_VERSION) {
    throw new ProtocolError(`the server speaks protocol ${protocol}, this client ${PROTOCOL_VERSION}`);
  }
  return { hello, protocol };
}

/** @throws ProtocolError */
export function parseResult(value: unknown): Result {
  const fields = readObject(value, "result");
  const kind = fields["kind"];
  switch (kind) {
    case "done":
    case "absent":
      return { kind };
    case "refused":
    case "failed":
      return { kind, why: text(fields, "why") };
    case "errno":
      return { kind, errno: text(fields, "errno"), call: text(fields, "call"), path: text(fields, "path") };
    case "held":
    case "holders":
      return { kind, holders: parseHolders(fields) };
    case "profile": {
      const written = list(fields, "written", { atMost: MAX_WRITTEN }).map(parseWritten);
      return { kind, written, notOffered: list(fields, "notOffered", { atMost: SHARES.length }).map(share) };
    }
    case "xen-domains":
      return { kind, domains: list(fields, "domains", { atMost: MAX_XEN_GUESTS }).map(parseXenGuest) };
    case "vgt-resources":
      return { kind, ...parseVgtResources(fields) };
    case "vgt-utilization":
      return { kind, slices: list(fields, "slices", { atMost: MAX_VGT_SLICES }).map(parseVgtUtilization) };
    case "log": {
      const writtenAt = integer(fields, "writtenAt", { from: 0, to: Number.MAX_SAFE_INTEGER });
      return { kind, lines: list(fields, "lines", { atMost: MAX_LOG_LINES }).map(parseLogLine), writtenAt };
    }
    case "render-clients": {
      const processes = list(fields, "processes", { atMost: MAX_RENDER_PROCESSES }).map(parseRenderProcess);
      return { kind, processes, left: integer(fields, "left", { from: 0, to: 0x7fff_ffff }) };
    }
    case "engine-ticks": {
      const ticks = list(fields, "ticks", { atMost: MAX_ENGINE_TICKS }).map(parseEngineTicks);
      return { kind, ticks, left: integer(fields, "left", { from: 0, to: MAX_VIRTUAL_FUNCTIONS }) };
    }
    case "uncounted": {
      const { because } = fields;
      if (!isUncounted(because)) throw new ProtocolError("because is no reason that is known");
      return { kind, because, said: text(fields, "said") };
    }
    case "blocked": {
      const elapsedMs = integer(fields, "elapsedMs", { from: 0, to: Number.MAX_SAFE_INTEGER });
      const childPid = integer(fields, "childPid", { from: 0, to: 0x7fff_ffff });
      return { kind, elapsedMs, childPid, holders: parseHolders(fields) };
    }
    case "xenstore-silent": {
      const waitedMs = integer(fields, "waitedMs", { from: 0, to: Number.MAX_SAFE_INTEGER });
      return { kind, asked: text(fields, "asked"), waitedMs };
    }
    default:
      throw new ProtocolError("the result is of an unknown kind");
  }
}

/** In the order of `SHARES`, so that equal requests are the same text. */
function parseProfile(value: unknown): FunctionProfile {
  const fields = readObject(value, "values");
  onlyKeys(fields, SHARES);
  const given = SHARES.filter((name) => fields[name] !== undefined);
  if (given.length === 0) throw new ProtocolError(`values has none of ${SHARES.join(", ")}`);
  return Object.fromEntries(given.map((name) => [name, shareValue(fields, name, name)]));
}

function parseWritten(item: unknown): WrittenShare {
  const fields = readObject(item, "written share");
  const name = share(fields["share"]);
  const written = { share: name, value: shareValue(fields, "value", name) };
  return fields["unit"] === undefined ? written : { ...written, unit: text(fields, "unit") };
}

function share(value: unknown): ShareName {
  if (!isShareName(value)) throw new ProtocolError(`a share is not one of ${SHARES.join(", ")}`);
  return value;
}

function shareValue(fields: Fields, key: string, name: ShareName): number | Priority {
  if (name !== "priority") return integer(fields, key, { from: 0, to: MOST[name] });
  const value = fields[key];
  if (!isPriority(value)) throw new ProtocolError(`${key} is not one of ${PRIORITIES.join(", ")}`);
  return value;
}

function parseXenGuest(item: unknown): XenGuest {
  const fields = readObject(item, "guest");
  const guest = {
    domid: integer(fields, "domid", { from: 1, to: 0xffff }),
    uuid: named(fields, "uuid"),
    name: text(fields, "name"),
    pciDevices: list(fields, "pciDevices", { atMost: MAX_GUEST_DEVICES }).map((device) =>
      named({ device }, "device"),
    ),
  };
  return {
    ...guest,
    ...(fields["type"] === undefined ? {} : { type: guestType(fields) }),
    ...(fields["vgt"] === undefined ? {} : { vgt: parseVgtSizes(readObject(fields["vgt"], "slice")) }),
  };
}

function guestType(fields: Fields): NonNullable<XenGuest["type"]> {
  const type = XEN_GUEST_TYPES.find((known) => known === fields["type"]);
  if (type === undefined) throw new ProtocolError(`type is not one of ${XEN_GUEST_TYPES.join(", ")}`);
  return type;
}

function parseVgtSizes(fields: Fields): VgtSizes {
  return {
    lowGmMib: integer(fields, "lowGmMib", VGT_BOUNDS.lowGmMib),
    highGmMib: integer(fields, "highGmMib", VGT_BOUNDS.highGmMib),
    fences: integer(fields, "fences", VGT_BOUNDS.fences),
  };
}

function parseVgtResources(fields: Fields): VgtResources {
  const told = VGT_RESOURCES.map((name) => [name, integer(fields, name, { from: 0, to: 0xffff_ffff })]);
  return Object.fromEntries(told) as Record<keyof VgtResources, number>;
}

function parseVgtUtilization(item: unknown): VgtUtilization {
  const fields = readObject(item, "slice");
  const domid = integer(fields, "domid", VGT_BOUNDS.domid);
  return { domid, percent: integer(fields, "percent", { from: 0, to: 0x7fff_ffff }) };
}

function parseLogLine(line: unknown): string {
  if (typeof line !== "string" || line.length > MAX_LOG_LINE_LENGTH)
    throw new ProtocolError(`a line is not a text of at most ${MAX_LOG_LINE_LENGTH} characters`);
  return line;
}

function parseRenderProcess(item: unknown): RenderProcess {
  const fields = readObject(item, "process");
  return {
    pid: integer(fields, "pid", { from: 1, to: 0x7fff_ffff }),
    domain: named({ uuid: fields["domain"] }, "uuid"),
    clients: list(fields, "clients", { atMost: MAX_RENDER_CLIENTS }).map(parseRenderClient),
  };
}

function parseRenderClient(item: unknown): RenderClient {
  const fields = readObject(item, "client");
  const id = integer(fields, "id", { from: 0, to: Number.MAX_SAFE_INTEGER });
  return { id, figures: text(fields, "figures") };
}

function parseEngineTicks(item: unknown): EngineTicks {
  const fields = readObject(item, "engine");
  const { engine } = fields;
  if (!isEngineClass(engine)) throw new ProtocolError("engine is no class that is known");
  return {
    function: integer(fields, "function", { from: 1, to: MAX_VIRTUAL_FUNCTIONS }),
    gt: integer(fields, "gt", ENGINE_BOUNDS.gt),
    engine,
    instance: integer(fields, "instance", ENGINE_BOUNDS.instance),
    active: integer(fields, "active", ENGINE_BOUNDS.ticks),
    total: integer(fields, "total", ENGINE_BOUNDS.ticks),
  };
}

function parseHolders(of: Fields): readonly Holder[] {
  return list(of, "holders", { atMost: MAX_HOLDERS }).map((item) => {
    const fields = readObject(item, "holder");
    const pid = integer(fields, "pid", { from: 0, to: 0x7fff_ffff });
    const holder = { pid, command: text(fields, "command") };
    return fields["domain"] === undefined ? holder : { ...holder, domain: text(fields, "domain") };
  });
}

function list(fields: Fields, name: string, bounds: { readonly atMost: number }): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new ProtocolError(`${name} is not a list`);
  const items: readonly unknown[] = value;
  if (items.length > bounds.atMost) throw new ProtocolError(`${name} has more than ${bounds.atMost} items`);
  return items;
}

function parseJson(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch (cause) {
    throw new ProtocolError("the line is not JSON", { cause });
  }
}

function readObject(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new ProtocolError(`the ${what} is not an object`);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function onlyKeys(fields: Fields, known: readonly string[]): void {
  const stranger = Object.keys(fields).find((key) => !known.includes(key));
  // A key is the peer's text: it is quoted and cut before it goes into a message.
  if (stranger !== undefined)
    throw new ProtocolError(`unknown field ${JSON.stringify(stranger.slice(0, 40))}`);
}

function named(fields: Fields, name: FormName): string {
  const value = fields[name];
  if (typeof value !== "string" || !FORMS[name].test(value)) {
    throw new ProtocolError(`${name} is not of the form ${FORMS[name].source}`);
  }
  return value;
}

function driver(fields: Fields): DriverName {
  const found = DRIVERS.find((known) => known === fields["driver"]);
  if (found === undefined) throw new ProtocolError(`driver is not one of ${DRIVERS.join(", ")}`);
  return found;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value.length > MAX_LINE_BYTES)
    throw new ProtocolError(`${name} is not a text`);
  return value;
}

function integer(
  fields: Fields,
  name: string,
  range: { readonly from: number; readonly to: number },
): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < range.from || value > range.to) {
    throw new ProtocolError(`${name} is not an integer from ${range.from} to ${range.to}`);
  }
  return value;
}
