// A guest of Xen that rebooted and is kept, as libvirt shows it: off, under its number, while the driver has nothing to do with it.
import assert from "node:assert/strict";
import { LibvirtHost } from "../../../agent/host/libvirt.ts";
import { ErrorLevel, ErrorNumber, ErrorSource } from "../../../agent/node-libvirt/constants.ts";
import { toWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { domainId } from "../../fakes/ids.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";

/** virDomainState and its reasons. */
const RUNNING = { state: 1, reason: 1 };
const OFF = { state: 5, reason: 1 };
const SHUTOFF_LIST = 1 << 6;
/** virDomainJobType. */
const [NO_JOB, UNBOUNDED] = [0, 2];

interface Shown {
  readonly reboot?: string;
  readonly poweroff?: string;
  /** Its numbers: when it is listed, and when it is looked up then. */
  readonly ids?: readonly [number | undefined, number | undefined];
  readonly job?: number;
  /** What it is when it is asked once more. */
  readonly then?: typeof OFF;
}

class Driver {
  readonly destroyed: number[] = [];
  destroying: () => void = () => undefined;
  readonly #shown: Shown;

  constructor(shown: Shown) {
    this.#shown = shown;
  }

  async ask<T>(question: (host: LibvirtHost, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { reboot = "preserve", poweroff = "destroy", ids = [7, 7], job = NO_JOB, then = OFF } = this.#shown;
    const [listed, found] = ids.map((id) => toWire({ name: "guest", uuid: domainId(1), id }));
    assert.ok(listed && found);
    let asked = 0;
    const jobInfo = {
      ...{ timeElapsed: 0n, timeRemaining: 0n, dataTotal: 0n, dataProcessed: 0n, dataRemaining: 0n },
      ...{ memTotal: 0n, memProcessed: 0n, memRemaining: 0n, fileTotal: 0n, fileProcessed: 0n },
      fileRemaining: 0n,
    };
    await using daemon = await servedDaemon({
      ...new EventBroadcast().handlers,
      connectGetType: () => ({ type: "Xen" }),
      connectListAllDomains: ({ flags }) => {
        const domains = flags === 0 || (flags & SHUTOFF_LIST) !== 0 ? [listed] : [];
        return { domains, ret: domains.length };
      },
      domainGetXmlDesc: () => ({
        xml: `<domain type='xen'><name>guest</name><on_poweroff>${poweroff}</on_poweroff><on_reboot>${reboot}</on_reboot><on_crash>destroy</on_crash></domain>`,
      }),
      domainGetState: () => {
        asked += 1;
        return asked === 1 ? OFF : then;
      },
      domainGetJobInfo: () => ({ type: job, ...jobInfo }),
      domainLookupByUuid: () => ({ dom: found }),
      domainDestroyFlags: ({ dom }) => {
        this.destroying();
        this.destroyed.push(dom.id);
      },
    });
    const { promise, told } = connection();
    const host = new LibvirtHost({
      ...{ uri: "xen:///system", socket: daemon.socket, random: Math.random, wall: Date.now },
      onChange: () => undefined,
      onStatus: ({ connected }) => {
        if (connected) told();
      },
    });
    const stop = new AbortController();
    const running = host.run(stop.signal);
    try {
      await promise;
      return await question(host, stop.signal);
    } finally {
      stop.abort();
      await running;
    }
  }
}

function connection(): { readonly promise: Promise<void>; readonly told: () => void } {
  let told: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    told = resolve;
  });
  return {
    promise,
    told: () => {
      told();
    },
  };
}

async function awaitsRestart(shown: Shown): Promise<boolean> {
  const [domain] = await new Driver(shown).ask((host, signal) => host.domains(signal));
  assert.equal(domain?.state, "shut-off");
  return domain.awaitsRestart === true;
}

describe("a guest of Xen that is off under its number", () => {
  it("awaits its restart when its definition keeps it after a reboot alone", async () => {
    assert.equal(await awaitsRestart({}), true);
    assert.equal(await awaitsRestart({ reboot: "destroy" }), false);
    assert.equal(await awaitsRestart({ poweroff: "preserve" }), false, "it may have turned itself off");
  });

  it("does not while the driver has a job with it, as one that turned itself off and is taken down", async () => {
    assert.equal(await awaitsRestart({ job: UNBOUNDED }), false);
  });

  it("does not when its number has gone meanwhile, or it has none", async () => {
    assert.equal(await awaitsRestart({ ids: [7, undefined] }), false);
    assert.equal(await awaitsRestart({ ids: [7, 8] }), false);
    assert.equal(await awaitsRestart({ ids: [undefined, undefined] }), false);
  });

  it("does not when it was being started, and is on since", async () => {
    assert.equal(await awaitsRestart({ then: RUNNING }), false);
  });

  it("is destroyed as one that is on, and may have gone by then", async () => {
    const driver = new Driver({});
    await driver.ask((host, signal) => host.destroy(domainId(1), signal));
    assert.deepEqual(driver.destroyed, [7]);
    const message = "Requested operation is not valid: domain is not running";
    driver.destroying = () => {
      const { none: domain } = ErrorSource;
      throw new LibvirtError({
        ...{ code: ErrorNumber.operationInvalid, domain, level: ErrorLevel.error },
        ...{ message, str1: message },
      });
    };
    await driver.ask((host, signal) => host.destroy(domainId(1), signal));
  });
});
