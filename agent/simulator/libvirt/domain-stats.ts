// What a simulated guest has used, told in the groups and names of virConnectGetAllDomainStats. Pure but for the clock.
import { DomainStats } from "../../node-libvirt/constants.ts";
import { domainStateNumbers } from "../../node-libvirt/domain-state.ts";
import type { TypedParam } from "../../node-libvirt/remote.gen.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Definition } from "./definition.ts";
import type { Domain } from "./domains.ts";
import { childOf, childrenOf, type Element } from "./xml-tree.ts";

/** virTypedParameterType. */
const types = { int: 1, uint: 2, ullong: 4, string: 7 } as const;

/** A guest's steady habits: a tenth of a processor, and a little of everything else, per second. */
const HABITS = { readBytes: 65_536, readRequests: 4, writeBytes: 32_768, writeRequests: 2 } as const;
const TRAFFIC = { bytes: 12_000, packets: 20 } as const;
/** Of what it may have: a guest does not touch all of its memory. */
const RESIDENT_SHARE = 0.6;

/** Nanoseconds: a simulated guest keeps one virtual processor a tenth busy. */
export function cpuTime({ running }: Domain, clock: SimulatedClock): bigint {
  return running === undefined ? 0n : BigInt(Math.round((clock.now() - running.startedAt) * 100_000));
}

/** `groups` are DomainStats flags, 0 for all. */
export function statsOf(domain: Domain, clock: SimulatedClock, groups: number): readonly TypedParam[] {
  const definition = domain.running?.definition ?? domain.definition;
  if (!definition) return [];
  const wants = (group: number): boolean => groups === 0 || (groups & group) !== 0;
  const seconds = domain.running && (clock.now() - domain.running.startedAt) / 1000;
  return [
    ...(wants(DomainStats.state) ? stateOf(domain) : []),
    ...(wants(DomainStats.cpuTotal) && seconds !== undefined
      ? [ullong("cpu.time", cpuTime(domain, clock))]
      : []),
    ...(wants(DomainStats.balloon) ? balloonOf(definition, seconds !== undefined) : []),
    ...(wants(DomainStats.vcpu) ? vcpusOf(definition) : []),
    ...(wants(DomainStats.interface) && seconds !== undefined ? interfacesOf(definition, seconds) : []),
    ...(wants(DomainStats.block) ? disksOf(definition, seconds) : []),
  ];
}

function stateOf({ state }: Domain): readonly TypedParam[] {
  const numbers = domainStateNumbers(state);
  return [
    { field: "state.state", value: { type: types.int, value: numbers.state } },
    { field: "state.reason", value: { type: types.int, value: numbers.reason } },
  ];
}

function balloonOf({ memoryKib }: Definition, isOn: boolean): readonly TypedParam[] {
  const maximum = ullong("balloon.maximum", memoryKib);
  if (!isOn) return [maximum];
  const resident = Math.round(Number(memoryKib) * RESIDENT_SHARE);
  return [ullong("balloon.current", memoryKib), maximum, ullong("balloon.rss", BigInt(resident))];
}

function vcpusOf({ vcpus }: Definition): readonly TypedParam[] {
  return [uint("vcpu.current", vcpus), uint("vcpu.maximum", vcpus)];
}

/** The names of interfaces on a host are the kernel's; here they follow their place in the domain. */
function interfacesOf({ root }: Definition, seconds: number): readonly TypedParam[] {
  const interfaces = devicesOf(root, "interface");
  const counted = interfaces.flatMap((nic, index) => {
    const name = childOf(nic, "target")?.attributes["dev"] ?? `vnet${index}`;
    const direction = (way: string): readonly TypedParam[] => [
      ullong(`net.${index}.${way}.bytes`, used(TRAFFIC.bytes, seconds)),
      ullong(`net.${index}.${way}.pkts`, used(TRAFFIC.packets, seconds)),
      ullong(`net.${index}.${way}.errs`, 0n),
      ullong(`net.${index}.${way}.drop`, 0n),
    ];
    return [text(`net.${index}.name`, name), ...direction("rx"), ...direction("tx")];
  });
  return [uint("net.count", interfaces.length), ...counted];
}

function disksOf({ root }: Definition, seconds: number | undefined): readonly TypedParam[] {
  const disks = devicesOf(root, "disk");
  const told = disks.flatMap((disk, index) => {
    const { file, dev } = childOf(disk, "source")?.attributes ?? {};
    const path = file ?? dev;
    return [
      text(`block.${index}.name`, childOf(disk, "target")?.attributes["dev"] ?? `vd${index}`),
      ...(path === undefined ? [] : [text(`block.${index}.path`, path)]),
      ...(seconds === undefined ? [] : transfers(index, seconds)),
    ];
  });
  return [uint("block.count", disks.length), ...told];
}

function transfers(index: number, seconds: number): readonly TypedParam[] {
  return [
    ullong(`block.${index}.rd.reqs`, used(HABITS.readRequests, seconds)),
    ullong(`block.${index}.rd.bytes`, used(HABITS.readBytes, seconds)),
    ullong(`block.${index}.wr.reqs`, used(HABITS.writeRequests, seconds)),
    ullong(`block.${index}.wr.bytes`, used(HABITS.writeBytes, seconds)),
  ];
}

function devicesOf(root: Element, name: string): readonly Element[] {
  return childrenOf(childOf(root, "devices"), name);
}

function used(perSecond: number, seconds: number): bigint {
  return BigInt(Math.floor(perSecond * seconds));
}

function uint(field: string, value: number): TypedParam {
  return { field, value: { type: types.uint, value } };
}

function ullong(field: string, value: bigint): TypedParam {
  return { field, value: { type: types.ullong, value } };
}

function text(field: string, value: string): TypedParam {
  return { field, value: { type: types.string, value } };
}
