// A libvirt that drives Xen: no figures of all at once, the host itself among the domains, fewer flags.
import assert from "node:assert/strict";
import { LibvirtHost } from "../../../agent/host/libvirt.ts";
import {
  ErrorLevel,
  ErrorNumber,
  ErrorSource,
  UndefineDomain,
} from "../../../agent/node-libvirt/constants.ts";
import { toWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import type { Handlers } from "../../../agent/node-libvirt/server.ts";
import type { DomainFigures } from "../../../agent/observation/domain-stats.ts";
import { domainId } from "../../fakes/ids.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";

const DOM0 = toWire({ name: "Domain-0", uuid: "00000000-0000-0000-0000-000000000000", id: 0 });
const GUEST = toWire({ name: "guest", uuid: domainId(1), id: 7 });
const OTHER = toWire({ name: "other", uuid: domainId(2), id: 8 });
const XML = `<domain type='xen' id='7'><name>guest</name><devices>
  <disk type='block'><driver name='phy' type='raw'/><target dev='xvda' bus='xen'/></disk>
  <disk type='file'><driver name='qemu' type='qcow2'/><target dev='xvdb' bus='xen'/></disk>
  <interface type='bridge'><target dev='vif7.0'/></interface>
  <interface type='bridge'><target dev='vif7.1'/></interface>
</devices></domain>`;
const RUNNING = { state: 1, maxMem: 1024n, memory: 512n, nrVirtCpu: 1, cpuTime: 2_500_000_000n };
const TRAFFIC = {
  ...{ rxBytes: 60n, rxPackets: 1n, rxErrs: 0n, rxDrop: -1n },
  ...{ txBytes: 0n, txPackets: 0n, txErrs: 0n, txDrop: 0n },
};

function refusal(code: number, message: string): LibvirtError {
  return new LibvirtError({
    code,
    domain: ErrorSource.none,
    level: ErrorLevel.error,
    message,
    str1: message,
  });
}

/** As libxl's driver: counts disks that the host's kernel serves, and not those of a QEMU. */
const libxl: Handlers = {
  ...new EventBroadcast().handlers,
  connectGetType: () => ({ type: "Xen" }),
  connectListAllDomains: () => ({ domains: [DOM0, GUEST], ret: 2 }),
  domainGetXmlDesc: () => ({ xml: XML }),
  domainGetInfo: () => RUNNING,
  domainBlockStats: ({ path }) => {
    if (path === "xvda") return { rdReq: 3n, rdBytes: 4096n, wrReq: 0n, wrBytes: 0n, errs: 0n };
    throw refusal(84, "Operation not supported: unsupported disk driver qemu");
  },
  domainInterfaceStats: ({ device }) => {
    if (device === "vif7.0") return TRAFFIC;
    throw refusal(ErrorNumber.internal, "internal error: interface not found");
  },
};

interface FigureHost {
  id: number;
  xml: string;
}

async function ask<T>(
  handlers: Handlers,
  what: (host: LibvirtHost, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await using daemon = await servedDaemon({ ...libxl, ...handlers });
  let told: () => void = () => undefined;
  const connected = new Promise<void>((resolve) => (told = resolve));
  const host = new LibvirtHost({
    ...{ uri: "xen:///system", socket: daemon.socket, random: Math.random, wall: Date.now },
    onChange: () => undefined,
    onStatus: (status) => {
      if (status.connected) told();
    },
  });
  const stop = new AbortController();
  const running = host.run(stop.signal);
  await connected;
  try {
    return await what(host, stop.signal);
  } finally {
    stop.abort();
    await running;
  }
}

const figures = (handlers: Handlers): Promise<readonly DomainFigures[]> =>
  ask(handlers, (host, signal) => host.domainFigures(signal));

describe("a libvirt that drives Xen", () => {
  it("is asked domain by domain what they use, and what it does not count is unknown and not 0", async () => {
    const nothing = { bytes: undefined, packets: undefined, errors: undefined, drops: undefined };
    assert.deepEqual(await figures({}), [
      {
        id: domainId(1),
        cpuSeconds: 2.5,
        memory: { maximum: 2 ** 20, current: 2 ** 19, resident: undefined },
        disks: [
          { device: "xvda", readBytes: 4096, readRequests: 3, writeBytes: 0, writeRequests: 0 },
          {
            ...{ device: "xvdb", readBytes: undefined, readRequests: undefined },
            ...{ writeBytes: undefined, writeRequests: undefined },
          },
        ],
        interfaces: [
          {
            device: "vif7.0",
            received: { bytes: 60, packets: 1, errors: 0, drops: undefined },
            sent: { bytes: 0, packets: 0, errors: 0, drops: 0 },
          },
          { device: "vif7.1", received: nothing, sent: nothing },
        ],
      },
    ]);
  });

  it("is asked for all at once no more than one time", async () => {
    let asked = 0;
    const refuse = (): never => {
      asked += 1;
      throw refusal(ErrorNumber.noSupport, "this function is not supported by the connection driver");
    };
    await ask({ connectGetAllDomainStats: refuse }, async (host, signal) => {
      await host.domainFigures(signal);
      assert.equal((await host.domainFigures(signal)).length, 1);
    });
    assert.equal(asked, 1);
  });

  /** What is asked for in three readings, of which the second and third find what `between` made of the domain. */
  async function disksAsked(between: (host: FigureHost) => void, code = 84): Promise<string[]> {
    const asked: string[] = [];
    const found = { id: 7, xml: XML };
    const handlers: Handlers = {
      connectListAllDomains: () => ({ domains: [DOM0, { ...GUEST, id: found.id }], ret: 2 }),
      domainGetXmlDesc: () => ({ xml: found.xml }),
      domainBlockStats: ({ path }) => {
        asked.push(path);
        throw refusal(code, "no");
      },
    };
    await ask(handlers, async (host, signal) => {
      await host.domainFigures(signal);
      between(found);
      await host.domainFigures(signal);
      const [figures] = await host.domainFigures(signal);
      // Unknown all the same.
      assert.deepEqual(
        figures?.disks.map(({ device, readBytes }) => [device, readBytes]),
        [
          ["xvda", undefined],
          ["xvdb", undefined],
        ],
      );
    });
    return asked;
  }

  it("is asked once for the figures of a disk that it does not count, since it logs each question", async () => {
    assert.deepEqual(await disksAsked(() => undefined), ["xvda", "xvdb"]);
  });

  it("is asked again for a disk that it does not count when the domain was started anew", async () => {
    const asked = await disksAsked((found) => (found.id = 8));
    assert.deepEqual(asked, ["xvda", "xvdb", "xvda", "xvdb"]);
  });

  it("is asked for a disk that has taken the place of one that it does not count", async () => {
    const asked = await disksAsked(
      (found) => (found.xml = XML.replace("'qemu' type='qcow2'", "'phy' type='raw'")),
    );
    assert.deepEqual(asked, ["xvda", "xvdb", "xvdb"]);
  });

  it("is asked each time for what it cannot tell just then, as of a backend that is not there yet", async () => {
    const asked = await disksAsked(() => undefined, ErrorNumber.operationFailed);
    assert.equal(asked.length, 6);
  });

  it("is believed in every other refusal of the figures of all", async () => {
    const refuse = (): never => {
      throw refusal(ErrorNumber.internal, "internal error: no");
    };
    await assert.rejects(figures({ connectGetAllDomainStats: refuse }), { reason: "LIBVIRT_REFUSED" });
  });

  it("keeps the figures of others when a domain ends while it is asked about", async () => {
    const read = await figures({
      connectListAllDomains: () => ({ domains: [DOM0, OTHER, GUEST], ret: 3 }),
      domainInterfaceStats: ({ dom }) => {
        if (dom.name === "guest") return TRAFFIC;
        throw refusal(ErrorNumber.noDomain, "Domain not found");
      },
    });
    assert.deepEqual(
      read.map(({ id }) => id),
      [domainId(1)],
    );
    const off = { ...RUNNING, state: 5 };
    assert.deepEqual(await figures({ domainGetInfo: () => off }), []);
  });

  it("loses the figures of devices, and not those of the domain, where these wait for its start", async () => {
    let letGo: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (letGo = resolve));
    const asked: string[] = [];
    const read = await figures({
      domainBlockStats: async ({ path }) => {
        asked.push(path);
        await started;
        throw refusal(ErrorNumber.operationTimeout, "cannot acquire state change lock");
      },
    });
    letGo();
    assert.deepEqual(
      read.map(({ cpuSeconds, disks }) => [cpuSeconds, disks.map(({ readBytes }) => readBytes)]),
      [[2.5, [undefined, undefined]]],
    );
    assert.deepEqual(asked, ["xvda"]);
  });

  it("shows guests and not the host itself", async () => {
    const domains = await ask({ domainGetState: () => ({ state: 1, reason: 1 }) }, (host, signal) =>
      host.domains(signal),
    );
    assert.deepEqual(
      domains.map(({ name }) => name),
      ["guest"],
    );
  });

  it("undefines without the flags that it does not know", async () => {
    const tried: number[] = [];
    await ask(
      {
        domainLookupByUuid: () => ({ dom: GUEST }),
        domainUndefineFlags: ({ flags }) => {
          tried.push(flags);
          if (flags === UndefineDomain.managedSave) return;
          throw refusal(
            ErrorNumber.invalidArgument,
            "unsupported flags (0x16) in function libxlDomainUndefineFlags",
          );
        },
      },
      (host, signal) => host.undefine(domainId(1), signal),
    );
    assert.equal(tried.length, 2);
  });
});
