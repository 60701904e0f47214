// The daemon's procedures about domains, each a line or two over `Domains`.
import type { DomainId } from "../../core/ids.ts";
import { Affect, DomainXml, ListDomains, MetadataType, StartDomain } from "../../node-libvirt/constants.ts";
import { toWire, uuidText } from "../../node-libvirt/domain-ref.ts";
import { domainStateNumbers } from "../../node-libvirt/domain-state.ts";
import type { Domain as WireDomain } from "../../node-libvirt/remote.gen.ts";
import type { Handlers } from "../../node-libvirt/server.ts";
import type { SimulatedClock } from "../clock.ts";
import { readMetadata, withMetadata, writeDefinition, type Definition } from "./definition.ts";
import { cpuTime, statsOf } from "./domain-stats.ts";
import { readText, textElement, withText } from "./domain-text.ts";
import { refOf, type Domain } from "./domain.ts";
import type { Domains } from "./domains.ts";
import { figureHandlers } from "./figure-handlers.ts";
import { refuseAllStats, xenFlags } from "./xen-driver.ts";
import { noMetadata, noSuchDomain, notInThisState, unsupportedArgument } from "./refusals.ts";

/** virDomainOSType. */
const osTypes = { hvm: "hvm", pvh: "xenpvh", pv: "linux" } as const;

export function domainHandlers(domains: Domains, clock: SimulatedClock): Handlers {
  return {
    ...lookups(domains),
    ...definitions(domains),
    ...power(domains),
    ...questions(domains, clock),
    ...figureHandlers(domains, clock),
    ...metadataHandlers(domains),
  };
}

function lookups(domains: Domains): Handlers {
  const all = (keep: (domain: Domain) => boolean): readonly WireDomain[] =>
    domains.listed().filter(keep).map(wire);
  return {
    connectListAllDomains: ({ flags }) => {
      const found = all((domain) => isWanted(domain, flags));
      return { domains: found, ret: found.length };
    },
    connectListDomains: ({ maxids }) => ({
      ids: domains
        .listed()
        .flatMap(({ running }) => running?.id ?? [])
        .slice(0, maxids),
    }),
    connectListDefinedDomains: ({ maxnames }) => ({
      names: domains
        .list()
        .filter(({ running }) => running === undefined)
        .map(({ name }) => name)
        .slice(0, maxnames),
    }),
    connectNumOfDomains: () => ({ num: all(({ running }) => running !== undefined).length }),
    connectNumOfDefinedDomains: () => ({ num: all(({ running }) => running === undefined).length }),
    domainLookupByName: ({ name }) => ({ dom: wire(domains.byName(name)) }),
    domainLookupByUuid: ({ uuid }) => ({ dom: wire(domains.byUuid(uuidText(uuid))) }),
    domainLookupById: ({ id }) => ({ dom: wire(domains.byId(id)) }),
  };
}

function definitions(domains: Domains): Handlers {
  return {
    domainDefineXml: ({ xml }) => ({ dom: wire(domains.define(xml)) }),
    domainDefineXmlFlags: ({ xml }) => ({ dom: wire(domains.define(xml)) }),
    domainUndefine: ({ dom }) => {
      domains.undefine(idOf(domains, dom), 0);
    },
    domainUndefineFlags: ({ dom, flags }) => {
      if (domains.isOnXen) xenFlags.domainUndefineFlags(flags);
      domains.undefine(idOf(domains, dom), flags);
    },
    domainSetAutostart: ({ dom, autostart }) => {
      domains.setAutostart(idOf(domains, dom), autostart !== 0);
    },
  };
}

function power(domains: Domains): Handlers {
  const isPaused = (flags: number): boolean => (flags & StartDomain.paused) !== 0;
  return {
    domainCreate: async ({ dom }) => {
      await domains.start(idOf(domains, dom));
      return undefined;
    },
    domainCreateWithFlags: async ({ dom, flags }) => ({
      dom: wire(await domains.start(idOf(domains, dom), { paused: isPaused(flags) })),
    }),
    domainCreateXml: async ({ xmlDesc, flags }) => ({
      dom: wire(await domains.create(xmlDesc, isPaused(flags))),
    }),
    domainShutdown: ({ dom }) => {
      domains.shutdown(idOf(domains, dom));
    },
    domainShutdownFlags: ({ dom, flags }) => {
      if (domains.isOnXen) xenFlags.domainShutdownFlags(flags);
      domains.shutdown(idOf(domains, dom));
    },
    domainReboot: ({ dom }) => {
      domains.reset(idOf(domains, dom));
    },
    domainSuspend: ({ dom }) => {
      domains.setPaused(idOf(domains, dom), true);
    },
    domainResume: ({ dom }) => {
      domains.setPaused(idOf(domains, dom), false);
    },
    domainDestroy: async ({ dom }) => {
      await domains.destroy(idOf(domains, dom));
      return undefined;
    },
    domainDestroyFlags: async ({ dom }) => {
      await domains.destroy(idOf(domains, dom));
      return undefined;
    },
  };
}

function questions(domains: Domains, clock: SimulatedClock): Handlers {
  const find = (dom: WireDomain): Domain => domains.referred(uuidText(dom.uuid), dom.name);
  const flag = (value: boolean): number => (value ? 1 : 0);
  return {
    domainGetXmlDesc: ({ dom, flags }) => ({ xml: xmlOf(find(dom), flags) }),
    domainGetState: ({ dom }) => domainStateNumbers(find(dom).state),
    domainGetInfo: ({ dom }) => {
      const domain = find(dom);
      const { memoryKib, currentKib, vcpus } = definitionOf(domain);
      const { state } = domainStateNumbers(domain.state);
      return {
        state,
        maxMem: memoryKib,
        memory: currentKib,
        nrVirtCpu: vcpus,
        cpuTime: cpuTime(domain, clock),
      };
    },
    domainGetOsType: ({ dom }) => ({ type: osTypes[definitionOf(find(dom)).xenType ?? "hvm"] }),
    domainGetAutostart: ({ dom }) => ({ autostart: flag(find(dom).autostart) }),
    domainIsActive: ({ dom }) => ({ active: flag(find(dom).running !== undefined) }),
    domainIsPersistent: ({ dom }) => ({ persistent: flag(find(dom).definition !== undefined) }),
    // Of changes by hotplug alone, which is not simulated.
    domainIsUpdated: () => ({ updated: 0 }),
    domainGetMaxMemory: ({ dom }) => ({ memory: definitionOf(find(dom)).memoryKib }),
    domainGetMaxVcpus: ({ dom }) => ({ num: definitionOf(find(dom)).vcpus }),
    domainGetVcpusFlags: ({ dom }) => ({ num: definitionOf(find(dom)).vcpus }),
    domainGetMessages: () => ({ msgs: [] }),
    domainHasManagedSaveImage: () => ({ result: 0 }),
    domainManagedSaveRemove: () => undefined,
    domainListAllSnapshots: () => ({ snapshots: [], ret: 0 }),
    domainSnapshotNum: () => ({ num: 0 }),
    domainHasCurrentSnapshot: () => ({ result: 0 }),
    domainListAllCheckpoints: () => ({ checkpoints: [], ret: 0 }),
    connectGetAllDomainStats: ({ doms, stats, flags }) => {
      if (domains.isOnXen) refuseAllStats();
      // Of those that are asked for the ones that are gone are passed over (qemuConnectGetAllDomainStats).
      const asked = new Set(doms.map(({ uuid }) => uuidText(uuid)));
      const chosen = domains
        .list()
        .filter((domain) => (asked.size === 0 || asked.has(domain.uuid)) && isWanted(domain, flags));
      return {
        retStats: chosen.map((domain) => ({ dom: wire(domain), params: statsOf(domain, clock, stats) })),
      };
    },
  };
}

function metadataHandlers(domains: Domains): Handlers {
  return {
    domainGetMetadata: ({ dom, type, uri, flags }) => {
      const domain = domains.referred(uuidText(dom.uuid), dom.name);
      const { running, definition } = domain;
      const asked = affected(domain, flags).live ? running?.definition : definition;
      const text = textElement(type);
      const metadata = asked && (text ? readText(asked, text) : readMetadata(asked, elementUri(type, uri)));
      if (metadata === undefined) throw noMetadata();
      return { metadata };
    },
    domainSetMetadata: ({ dom, type, metadata, key, uri, flags }) => {
      const { uuid, ...domain } = domains.referred(uuidText(dom.uuid), dom.name);
      const text = textElement(type);
      const by = (of: Definition): Definition =>
        text
          ? withText(of, text, metadata)
          : withMetadata(of, { uri: elementUri(type, uri), key: key ?? "", xml: metadata });
      domains.change(uuid, { ...affected({ uuid, ...domain }, flags), by });
    },
  };
}

/** Of each group of flags none means all (virConnectListAllDomains). */
function isWanted({ running, definition, state }: Domain, flags: number): boolean {
  const { active, inactive, persistent, transient, running: runs, paused, shutoff, other } = ListDomains;
  const byState = { running: runs, paused, "shut-off": shutoff } as const;
  const isKnown = state.state === "running" || state.state === "paused" || state.state === "shut-off";
  const groups = [
    { all: active | inactive, own: running === undefined ? inactive : active },
    { all: persistent | transient, own: definition === undefined ? transient : persistent },
    { all: runs | paused | shutoff | other, own: isKnown ? byState[state.state] : other },
  ];
  return groups.every(({ all, own }) => (flags & all) === 0 || (flags & own) !== 0);
}

function xmlOf({ running, definition }: Domain, flags: number): string {
  const wantsInactive = (flags & DomainXml.inactive) !== 0;
  if (running !== undefined && !(wantsInactive && definition !== undefined)) {
    return writeDefinition(running.definition, wantsInactive ? undefined : running.id);
  }
  return definition === undefined ? "" : writeDefinition(definition);
}

function affected(
  { running, definition }: Domain,
  flags: number,
): { readonly live: boolean; readonly config: boolean } {
  const isCurrent = (flags & (Affect.live | Affect.config)) === Affect.current;
  const live = isCurrent ? running !== undefined : (flags & Affect.live) !== 0;
  const config = isCurrent ? running === undefined : (flags & Affect.config) !== 0;
  if (live && running === undefined) throw notInThisState("domain is not running");
  if (config && definition === undefined)
    throw notInThisState("transient domains do not have any persistent config");
  return { live, config };
}

function elementUri(type: number, uri: string | null): string {
  if (type !== MetadataType.element || uri === null)
    throw unsupportedArgument("only metadata elements are simulated");
  return uri;
}

function definitionOf({ name, running, definition }: Domain): Definition {
  const found = running?.definition ?? definition;
  if (found === undefined) throw noSuchDomain(`name '${name}'`);
  return found;
}

function wire(domain: Domain): WireDomain {
  return toWire(refOf(domain));
}

function idOf(domains: Domains, dom: WireDomain): DomainId {
  return domains.referred(uuidText(dom.uuid), dom.name).uuid;
}
