// A fault of a request, as far as its form goes; which fields a kind takes, and with which values, the simulator knows.
import * as pb from "../../../proto/gen/vgpud/v1/simulator_service.ts";
import { kindName } from "../convert/fault.ts";
import type { SimulatedFault } from "../simulation.ts";
import { all, formed, inRange, invalid, join, required } from "./fields.ts";

const NAME = {
  pattern: /^[a-z0-9][a-z0-9-]*$/,
  maxBytes: 64,
  described: "1 to 64 characters of a-z, 0-9 and -, not beginning with -",
};
const MAX_DELAY_MS = 86_400_000;
const MAX_TIMES = 1_000_000;

export function parseFault(fault: pb.Fault | undefined, path: string): SimulatedFault {
  if (!fault) throw required(path);
  const at = (name: string): string => join(path, name);
  const given = (text: string): string | undefined => (text === "" ? undefined : text);
  return all<SimulatedFault>({
    name: () => formed(at("name"), fault.name, NAME),
    kind: () => parseKind(fault.kind, at("kind")),
    gpu: () => given(fault.gpu),
    object: () => given(fault.object),
    errno: () => given(fault.errno),
    target: () => given(fault.target),
    delayMs: () => parseDelay(fault.delay, at("delay")),
    times: () =>
      fault.times === 0 ? undefined : inRange(at("times"), fault.times, { min: 1, max: MAX_TIMES }),
    instances: () => (fault.instances === 0 ? undefined : fault.instances),
    message: () => given(fault.message),
  });
}

function parseKind(kind: pb.FaultKind, field: string): string {
  if (kind === pb.FaultKind.UNSPECIFIED) throw required(field);
  if (kind === pb.FaultKind.UNRECOGNIZED)
    throw invalid(field, "has a value that is not known to this release");
  return kindName(kind);
}

function parseDelay(delay: pb.Fault["delay"], field: string): number | undefined {
  if (!delay) return undefined;
  const { seconds, nanos } = delay;
  const ms = Number(seconds) * 1000 + nanos / 1e6;
  if (nanos < 0 || nanos >= 1e9 || !Number.isInteger(ms) || ms < 1 || ms > MAX_DELAY_MS)
    throw invalid(field, "must be whole milliseconds from 1 ms to 24 h");
  return ms;
}
