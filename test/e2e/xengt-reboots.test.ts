// Guests with a slice of XenGT that end by themselves, over the wire: one that reboots is started again with a slice for its new
// number, whatever comes in between; one that turns itself off or crashes is not.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState, type Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { OperationKind, OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import { LAST_WORDS } from "./harness/crash/death.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present, type World } from "./harness/world.ts";
import {
  AT_ONCE,
  BY_AGENT,
  BY_MODEL,
  SKYLAKE,
  createOnXen,
  startXengt,
  truthOf,
} from "./harness/xengt-host.ts";

/** Where a start that is under way may be cut off; what comes after a reboot passes each of them once. */
const POINTS = [
  ...["before restart", "after restart", "before force-off", "after force-off", "before remove-vgpu"],
  ...["after remove-vgpu", "before start-domain", "after start-domain", "before create-vgpu"],
  ...["after create-vgpu", "before resume-domain", "after resume-domain", "before settle"],
] as const;

describe("a guest with a slice of XenGT that ends by itself, over the wire", function () {
  this.timeout(60_000);
  let on: World;
  afterEach(async () => {
    await on[Symbol.asyncDispose]();
  });

  async function begin(settings = BY_AGENT, process: Parameters<typeof startXengt>[2] = {}): Promise<Domain> {
    on = await startXengt(SKYLAKE, settings, process);
    const { domain } = await createOnXen(on, "desk");
    return present(domain);
  }

  const guest = (does: "reboot" | "poweroff" | "crash") =>
    on.host.control({ command: "guest", domain: "desk", does });
  /** What the host has: the numbers that slices are for, and domains' states. */
  const truth = async (): Promise<readonly [readonly number[], readonly string[]]> => {
    const { xengt, domains } = await truthOf(on);
    return [xengt.map(({ domid }) => domid), domains.map(({ state }) => state)];
  };
  const settled = (claimState: ClaimState, than?: Domain): Promise<Domain> =>
    until("its claim has settled", async () => {
      const now = await on.named("desk");
      // An agent that was started again knows nothing of the operation before, which the claim names until there is another.
      if (than !== undefined && (now.operation === than.operation || now.xenDomid === than.xenDomid))
        return false;
      const { state } = await on.operation(now.operation);
      const isShown = (now.state === DomainState.RUNNING) === (claimState === ClaimState.ACTIVE);
      return isShown && state !== OperationState.RUNNING && now.claimState === claimState && now;
    });
  const runsAgain = async (than: Domain): Promise<Domain> => {
    const now = await settled(ClaimState.ACTIVE, than);
    assert.deepEqual(await truth(), [[now.xenDomid], ["running"]]);
    return now;
  };

  /** It reboots, and libvirt starts it again only when its fault is over; the operation. */
  const startHeld = async (than: Domain): Promise<string> => {
    await on.setFaults({ name: "late", kind: "DOMAIN_STARTS_LATE", delay_ms: 60_000 });
    await guest("reboot");
    await on.agent.logged(/"domain":"desk".*"step":"remove-vgpu"/);
    return await until("its start is under way", async () => {
      const { operation } = await on.named("desk");
      return operation !== than.operation && operation;
    });
  };

  for (const [settings, by] of [
    [BY_AGENT, "vgpud"],
    [BY_MODEL, "its device model"],
  ] as const)
    it(`is started again when it reboots, with a slice by ${by} for its new number, and that is told`, async () => {
      const first = await begin(settings);
      await guest("reboot");
      const second = await runsAgain(first);
      const operation = await on.operation(second.operation);
      assert.deepEqual(
        [operation.kind, operation.state],
        [OperationKind.START_DOMAIN, OperationState.SUCCEEDED],
      );
      assert.match(await on.scrape(), /^vgpud_lifecycle_step_duration_seconds_count\{step="restart"\} 1$/m);
      await guest("reboot");
      await runsAgain(second);
      await on.destroy("desk", AT_ONCE);
      assert.deepEqual(await truth(), [[], []]);
    });

  it("is off when it turns itself off or crashes", async () => {
    await begin();
    for (const does of ["poweroff", "crash"] as const) {
      await guest(does);
      const off = await settled(ClaimState.STOPPED);
      assert.equal(off.failure, undefined);
      await until("its slice is gone", async () => (await truth())[0].length === 0);
      await on.start("desk");
    }
  });

  it("is off when it reboots as a domain that a former vgpud defined", async () => {
    await begin();
    await on.stop("desk", AT_ONCE);
    await on.asSomebodyElse(async (libvirt) => {
      const xml = await libvirt.domainXml(present(await libvirt.lookupDomainByName("desk")));
      await libvirt.defineDomain(xml.replace("<on_reboot>preserve<", "<on_reboot>destroy<"));
    });
    await on.start("desk");
    await guest("reboot");
    await settled(ClaimState.STOPPED);
    assert.deepEqual((await truth())[1], ["shut-off"]);
  });

  it("is started again on a host that is drained, whose domains stay", async () => {
    const first = await begin();
    await on.rpc.call(Hosts.drainHost, { note: "new memory" });
    await guest("reboot");
    await runsAgain(first);
  });

  it("is started again by an agent that was not there when it rebooted", async () => {
    const first = await begin();
    await on.kill();
    await guest("reboot");
    await on.startAgain();
    await runsAgain(first);
  });

  it("is started again once a libvirtd answers that ran and did not when it rebooted", async () => {
    const first = await begin();
    await on.setFaults({ kind: "LIBVIRT_HANGS" });
    await guest("reboot");
    await on.clearFaults();
    await runsAgain(first);
  });

  it("stands still when libvirtd did not run when it rebooted, which nobody can tell, until it is stopped and started", async () => {
    const first = await begin();
    // While libvirt is away nobody can say what there is.
    const seen = (): Promise<Domain | undefined> => on.named("desk").catch(() => undefined);
    await on.setFaults({ kind: "LIBVIRT_GONE" });
    await until("libvirt is away", async () => (await seen())?.state !== DomainState.RUNNING);
    await guest("reboot");
    await on.clearFaults();
    const shown = await until("libvirt is back", async () => {
      const now = await seen();
      return now?.state === DomainState.RUNNING && now;
    });
    assert.deepEqual([shown.claimState, shown.xenDomid], [ClaimState.ACTIVE, first.xenDomid]);
    await on.stop("desk", AT_ONCE);
    await on.start("desk");
    await runsAgain(first);
  });

  for (const point of POINTS)
    it(`is started again by the next agent when one is killed at "${point}"`, async () => {
      const first = await begin(BY_AGENT, { mortal: "when armed" });
      await on.agent.arm({ point, passing: 1 });
      await guest("reboot");
      assert.equal(LAST_WORDS.exec((await on.agent.ended).stderr)?.[1], point);
      await on.startAgain();
      await runsAgain(first);
    });

  it("stays off when it is asked to stop while it is started again, and that start is told to be over", async () => {
    const first = await begin();
    const start = await startHeld(first);
    const stopping = on.stop("desk");
    await until("it is asked to stop", async () => (await on.named("desk")).operation !== start);
    await on.clearFaults();
    const { domain } = await stopping;
    assert.deepEqual([domain?.claimState, domain?.state], [ClaimState.STOPPED, DomainState.SHUT_OFF]);
    assert.equal((await on.operation(start)).failure?.reason, "SUPERSEDED");
    assert.deepEqual(await truth(), [[], ["shut-off"]]);
    await on.start("desk");
    await runsAgain(first);
  });

  it("is gone when it is destroyed while it is started again", async () => {
    const start = await startHeld(await begin());
    const destroying = on.destroy("desk", AT_ONCE);
    await until("it is asked to go", async () => (await on.named("desk")).operation !== start);
    await on.clearFaults();
    await destroying;
    assert.deepEqual(await truth(), [[], []]);
  });

  it("is off when it reboots where it was asked to shut down", async () => {
    await begin();
    await on.setFaults({ kind: "GUEST_IGNORES_SHUTDOWN" });
    const stopping = on.stop("desk", { noForce: true });
    await on.agent.logged(/"domain":"desk".*"step":"ask-shutdown"/);
    await guest("reboot");
    assert.equal((await stopping).domain?.claimState, ClaimState.STOPPED);
    assert.deepEqual(await truth(), [[], ["shut-off"]]);
  });

  it("is off when its slice cannot be made again, and why is told", async () => {
    const first = await begin();
    await on.setFaults({ kind: "CREATE_FAILS", errno: "EINVAL" });
    await guest("reboot");
    const off = await settled(ClaimState.STOPPED);
    assert.notEqual(off.operation, first.operation);
    assert.equal((await on.operation(off.operation)).failure?.reason, "KERNEL_REFUSED");
    await until("nothing of it is left", async () => {
      const [slices, states] = await truth();
      return slices.length === 0 && states.every((state) => state === "shut-off");
    });
  });

  it("is started when vgpud-hostd is back, however long that was away", async () => {
    const first = await begin();
    await startHeld(first);
    await on.setFaults({ kind: "HOSTD_GONE" });
    await on.host.control({ command: "clear-faults", names: ["late"] });
    const held = await until("its start is held up", async () => {
      const now = await on.named("desk");
      return now.failure?.reason === "HOSTD_UNAVAILABLE" && now;
    });
    assert.equal((await on.operation(held.operation)).state, OperationState.RUNNING);
    await on.clearFaults();
    await runsAgain(first);
  });

  it("waits a while when it reboots again and again, which is told, and not when it is stopped and started", async () => {
    let last = await begin();
    for (let reboots = 1; reboots <= 3; reboots += 1) {
      await guest("reboot");
      last = await runsAgain(last);
    }
    await guest("reboot");
    const waiting = await until("its start is held", async () => {
      const now = await on.named("desk");
      return now.failure?.reason === "GUEST_REBOOT_LOOP" && now;
    });
    assert.match(waiting.failure?.message ?? "", /domain desk has rebooted 4 times in a row/);
    assert.equal((await on.operation(waiting.operation)).state, OperationState.RUNNING);
    assert.deepEqual(await truth(), [[], ["shut-off"]]);
    assert.equal((await refusal(on.start("desk"))).reason, "GUEST_REBOOT_LOOP");
    await on.stop("desk");
    await on.start("desk");
    await runsAgain(last);
  });
});
