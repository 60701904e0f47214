// What is told of a start that failed by the device model's own log: the words of that start, and of no other.
import assert from "node:assert/strict";
import { XengtDeviceModel, type LogReader } from "../../../agent/backends/xengt/device-model.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { KeyedLock } from "../../../agent/core/keyed-lock.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { execute } from "../../../agent/lifecycle/execute.ts";
import { claim, claimedDomain, domainSpec } from "../../fakes/claims.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient } from "../../fakes/requests.ts";

type Answer = Awaited<ReturnType<LogReader["deviceModelLog"]>>;

const clock = new FakeClock();
const REFUSED = "libxenlight failed to create new domain 'guest-1'";
const FAILED = "vGT: create_vgt_instance failed: errno=22";
const UNKNOWN = "qemu-system-i386: unknown vga type: xengt";

function deviceModelOf(answer: () => Promise<Answer>, stampNow: () => string = () => "1"): XengtDeviceModel {
  const log: LogReader = { deviceModelLog: answer };
  const files = { list: () => Promise.resolve(["qemu"]), fileStamp: () => Promise.resolve(stampNow()) };
  return new XengtDeviceModel({ path: "/usr/lib/xengt/qemu", files, log, clock });
}

/**
 * What a start says that libvirt refuses, when its log is then as `answer` says. `from`: whether the domain has just been defined for it, by
 * a vgpud that was killed then, or long before.
 */
async function startRefused(
  answer: () => Promise<Answer>,
  deviceModel = deviceModelOf(answer),
  from: "now" | "killed" | "before" = "now",
): Promise<AgentError> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), 512)], wall: () => clock.wall() });
  host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", REFUSED));
  const hands = {
    ...{ slices: host, domains: host, gpuLock: new KeyedLock<PciAddress>() },
    hypervisor: () => Promise.resolve({ domainType: "xen", guestTypes: new Set(["hvm" as const]) } as const),
    deviceModel,
  };
  const { signal } = new AbortController();
  const domain = claimedDomain(domainSpec(1, { xenGuestType: "hvm" }));
  const of = claim(1, { domain, state: from === "before" ? "stopped" : "creating" });
  if (from === "now") await execute(hands, of, { kind: "define-domain", claim: of }, signal);
  const step = { kind: "start-domain", domainId: of.domain.id, paused: true } as const;
  return execute(hands, of, step, signal).then(
    () => assert.fail("it was not refused"),
    (error: unknown) => AgentError.from(error),
  );
}

describe("a start that a device model of XenGT fails", () => {
  const written = (ago: number, ...lines: readonly string[]) => startRefused(() => logged(ago, ...lines));
  const logged = (ago: number, ...lines: readonly string[]): Promise<Answer> =>
    Promise.resolve({ kind: "log", lines, writtenAt: clock.wall() - ago });
  const unpatched = (): Promise<Answer> => logged(0, UNKNOWN);

  it("is told in the words of that start, and its reason by the errno among them", async () => {
    const refused = await written(0, "begins", "next", FAILED);
    assert.equal(refused.message, `${REFUSED}; its device model said last: next; ${FAILED}`);
    assert.equal(refused.reason, "LIBVIRT_REFUSED");
    const full = await written(0, "vGT: create_vgt_instance failed: errno=12");
    assert.equal(full.reason, "KERNEL_REPORTS_NO_ROOM");
  });

  it("names the configuration's key where it shows that Intel's patches are missing, and keeps that in mind until the next", async () => {
    let answer = unpatched;
    const deviceModel = deviceModelOf(() => answer());
    const refused = await startRefused(() => answer(), deviceModel);
    assert.equal(refused.reason, "LIBVIRT_REFUSED");
    assert.match(
      refused.message,
      /unknown vga type: xengt; xengt\.device_model \(\/usr\/lib\/xengt\/qemu\) is to be QEMU/,
    );
    assert.equal(await deviceModel.cannot(), UNKNOWN);
    answer = () => logged(0, FAILED);
    await startRefused(() => answer(), deviceModel);
    assert.equal(await deviceModel.cannot(), undefined);
  });

  it("says nothing of the device model that is configured where its domain is from before, and may have another", async () => {
    let answer = unpatched;
    const deviceModel = deviceModelOf(() => answer());
    for (const from of ["before", "killed"] as const) {
      const refused = await startRefused(answer, deviceModel, from);
      assert.match(refused.message, /unknown vga type: xengt; that is the one that was configured when/);
      assert.match(refused.message, /virsh dumpxml guest-1 names it/);
      assert.doesNotMatch(refused.message, /xengt\.device_model \([^)]*\) is to be/);
      assert.equal(await deviceModel.cannot(), undefined);
    }
    await startRefused(answer, deviceModel);
    answer = () => logged(0, FAILED);
    for (const from of ["before", "killed"] as const) {
      await startRefused(answer, deviceModel, from);
      assert.equal(await deviceModel.cannot(), UNKNOWN, "nor takes back what is known of it");
    }
  });

  it("is forgotten once another file is in its place, also from before that was known", async () => {
    let stamp = "1";
    const deviceModel = deviceModelOf(unpatched, () => stamp);
    await startRefused(unpatched, deviceModel);
    assert.equal(await deviceModel.cannot(), UNKNOWN);
    stamp = "2";
    assert.equal(await deviceModel.cannot(), undefined);
    stamp = "1";
    assert.equal(await deviceModel.cannot(), undefined, "that is looked at anew");
    const replaced = deviceModelOf(
      () => {
        stamp = "3";
        return unpatched();
      },
      () => stamp,
    );
    await startRefused(unpatched, replaced);
    assert.equal(await replaced.cannot(), undefined);
  });

  it("is forgotten once a new domain has been started", async () => {
    const deviceModel = deviceModelOf(unpatched);
    await startRefused(unpatched, deviceModel);
    const old = await deviceModel.starting({ id: domainId(2), name: "old" });
    old.succeeded();
    deviceModel.defined(domainId(3));
    const start = await deviceModel.starting({ id: domainId(3), name: "new" });
    assert.equal(await deviceModel.cannot(), UNKNOWN);
    start.succeeded();
    assert.equal(await deviceModel.cannot(), undefined);
  });

  it("is of no new domain any more once its claim has come to an end or to rest, whatever came of its start", async () => {
    const deviceModel = deviceModelOf(unpatched);
    const isNew = async (): Promise<boolean> => {
      const start = await deviceModel.starting({ id: domainId(1), name: "guest-1" });
      const last = await start.lastWords(new AbortController().signal);
      return last.kind === "said" && /is to be QEMU/.test(last.help ?? "");
    };
    deviceModel.defined(domainId(1));
    assert.ok(await isNew());
    const node = new FakeNode(512);
    node.deviceModel = deviceModel;
    node.restart();
    const create = (): Promise<unknown> => node.clock.until(node.service.create(createRequest(1), patient));
    deviceModel.defined(domainId(1));
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", REFUSED));
    await assert.rejects(create(), { reason: "LIBVIRT_REFUSED" });
    assert.equal(await isNew(), false, "it was undefined before it was started");
    node.host.before = () => Promise.resolve();
    deviceModel.defined(domainId(1));
    await create();
    assert.equal(await isNew(), false, "it was seen to run");
  });

  it("is not told in the words of an earlier start, nor in none", async () => {
    for (const refused of [
      await written(1_000, "vGT: create_vgt_instance failed: errno=12"),
      await written(0),
      await startRefused(() => Promise.resolve({ kind: "absent" })),
    ])
      assert.deepEqual([refused.reason, refused.message], ["LIBVIRT_REFUSED", REFUSED]);
  });

  it("names the log where it cannot be read, and why", async () => {
    const file = "/var/log/xen/qemu-dm-guest-1.log";
    const eacces = { kind: "errno", errno: "EACCES", call: "open", path: file } as const;
    for (const [answer, why] of [
      [() => Promise.reject(new Error("hostd does not answer")), "hostd does not answer"],
      [() => Promise.resolve(eacces), "EACCES"],
      [() => Promise.resolve({ kind: "blocked", holders: [] }), "no answer in 15000 ms"],
      [() => Promise.resolve({ kind: "failed", why: "too many children" }), "too many children"],
    ] as const satisfies readonly (readonly [() => Promise<Answer>, string])[]) {
      const { reason, message } = await startRefused(answer);
      assert.equal(message, `${REFUSED}; ${file} says why, and cannot be read now (${why})`);
      assert.equal(reason, "LIBVIRT_REFUSED");
    }
  });
});
