// What a simulated guest has used, told in the groups and names of virConnectGetAllDomainStats. Pure but for the clock.
import { childOf, childrenOf, type Element } from "../../core/xml.ts";
import { DomainStats } from "../../node-libvirt/constants.ts";
import { domainStateNumbers } from "../../node-libvirt/domain-state.ts";
import type { TypedParam } from "../../node-libvirt/remote.gen.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Definition } from "./definition.ts";
import type { Domain } from "./domain.ts";
import { habitsOf, type Habits, type Load } from "./habits.ts";

/** virTypedParameterType. */
const types = { int: 1, uint: 2, ullong: 4, string: 7 } as const;

/** Bytes that a request or a packet moves on average. */
const REQUEST_BYTES = 16_384;
const PACKET_BYTES = 600;

/** Nanoseconds. */
export function cpuTime(domain: Domain, clock: SimulatedClock): bigint {
  const { running } = domain;
  if (running === undefined) return 0n;
  const { name, vcpus } = running.definition;
  return whole(habitsOf(name).cpu.until(secondsSince(running, clock)) * vcpus * 1e9);
}

function secondsSince({ startedAt }: { readonly startedAt: number }, clock: SimulatedClock): number {
  return (clock.now() - startedAt) / 1000;
}

/** `groups` are DomainStats flags, 0 for all. */
export function statsOf(domain: Domain, clock: SimulatedClock, groups: number): readonly TypedParam[] {
  const definition = domain.running?.definition ?? domain.definition;
  if (!definition) return [];
  const wants = (group: number): boolean => groups === 0 || (groups & group) !== 0;
  const seconds = domain.running && secondsSince(domain.running, clock);
  return [
    ...(wants(DomainStats.state) ? stateOf(domain) : []),
    ...(wants(DomainStats.cpuTotal) && seconds !== undefined
      ? [ullong("cpu.time", cpuTime(domain, clock))]
      : []),
    ...(wants(DomainStats.balloon) ? balloonOf(definition, seconds) : []),
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

function balloonOf(
  { name, memoryKib, currentKib }: Definition,
  seconds: number | undefined,
): readonly TypedParam[] {
  const maximum = ullong("balloon.maximum", memoryKib);
  if (seconds === undefined) return [maximum];
  const resident = Number(currentKib) * habitsOf(name).residentShare(seconds);
  return [ullong("balloon.current", currentKib), maximum, ullong("balloon.rss", whole(resident))];
}

function vcpusOf({ vcpus }: Definition): readonly TypedParam[] {
  return [uint("vcpu.current", vcpus), uint("vcpu.maximum", vcpus)];
}

/** The names of interfaces on a host are the kernel's; here they follow their place in the domain. */
function interfacesOf({ name: guest, root }: Definition, seconds: number): readonly TypedParam[] {
  const interfaces = devicesOf(root, "interface");
  const { received, sent } = habitsOf(guest);
  const counted = interfaces.flatMap((nic, index) => {
    const name = childOf(nic, "target")?.attributes["dev"] ?? `vnet${index}`;
    const direction = (way: string, load: Load): readonly TypedParam[] => [
      ullong(`net.${index}.${way}.bytes`, whole(load.until(seconds))),
      ullong(`net.${index}.${way}.pkts`, whole(load.until(seconds) / PACKET_BYTES)),
      ullong(`net.${index}.${way}.errs`, 0n),
      ullong(`net.${index}.${way}.drop`, 0n),
    ];
    return [text(`net.${index}.name`, name), ...direction("rx", received), ...direction("tx", sent)];
  });
  return [uint("net.count", interfaces.length), ...counted];
}

function disksOf({ name, root }: Definition, seconds: number | undefined): readonly TypedParam[] {
  const disks = devicesOf(root, "disk");
  const told = disks.flatMap((disk, index) => {
    const { file, dev } = childOf(disk, "source")?.attributes ?? {};
    const path = file ?? dev;
    return [
      text(`block.${index}.name`, childOf(disk, "target")?.attributes["dev"] ?? `vd${index}`),
      ...(path === undefined ? [] : [text(`block.${index}.path`, path)]),
      ...(seconds === undefined ? [] : transfers(index, habitsOf(name), seconds)),
    ];
  });
  return [uint("block.count", disks.length), ...told];
}

function transfers(index: number, { reads, writes }: Habits, seconds: number): readonly TypedParam[] {
  const counts = (way: string, load: Load): readonly TypedParam[] => [
    ullong(`block.${index}.${way}.reqs`, whole(load.until(seconds) / REQUEST_BYTES)),
    ullong(`block.${index}.${way}.bytes`, whole(load.until(seconds))),
  ];
  return [...counts("rd", reads), ...counts("wr", writes)];
}

function devicesOf(root: Element, name: string): readonly Element[] {
  return childrenOf(childOf(root, "devices"), name);
}

function whole(value: number): bigint {
  // At the very start rounding may lead below 0.
  return BigInt(Math.max(0, Math.floor(value)));
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
