// What a fault holds up when the host boots is gone with the boot, and so is what waited for it.
import assert from "node:assert/strict";
import { parseDomainId, parsePciAddress, parseVgpuId } from "../../../agent/core/ids.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { SimulatedClock } from "../../../agent/simulator/clock.ts";
import { FaultBoard } from "../../../agent/simulator/faults/board.ts";
import { faultSchema, type FaultFields } from "../../../agent/simulator/faults/fault.ts";
import { DeviceModelLogs } from "../../../agent/simulator/device-model-logs.ts";
import { FunctionCalls } from "../../../agent/simulator/function-calls.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { HostdFace } from "../../../agent/simulator/hostd-face.ts";
import { KernelCalls } from "../../../agent/simulator/kernel-calls.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { Domains } from "../../../agent/simulator/libvirt/domains.ts";
import { VgtCalls } from "../../../agent/simulator/xengt/calls.ts";

const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const VGPU = "76677075-0000-8000-8000-000000000001";
const UUID = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
const HOUR_MS = 3_600_000;

function domainXml(name: string, uuid: string): string {
  return `<domain type='kvm'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><devices/></domain>`;
}

class Host {
  readonly clock = new SimulatedClock();
  readonly faults: FaultBoard;
  readonly kernel: SimulatedKernel;
  readonly calls: KernelCalls;
  readonly face: HostdFace;
  readonly domains: Domains;
  #boots = 0;

  constructor(...faults: readonly FaultFields[]) {
    this.faults = new FaultBoard(
      this.clock,
      faults.map((fault) => faultSchema.parse(fault)),
    );
    this.kernel = new SimulatedKernel(parseHost("", "test"), () => `boot-${(this.#boots += 1)}`);
    this.calls = new KernelCalls(this.kernel, this.faults);
    const functionCalls = new FunctionCalls(this.kernel, this.faults);
    const vgtCalls = new VgtCalls(this.kernel, this.faults);
    const deviceModelLogs = new DeviceModelLogs();
    this.face = new HostdFace({
      kernel: this.kernel,
      faults: this.faults,
      ...{ vgtCalls, deviceModelLogs },
      calls: this.calls,
      functionCalls,
      libvirtGuests: () => [],
      renderingDomains: () => [],
      root: "/",
    });
    this.domains = new Domains({
      kernel: this.kernel,
      ...{ functionCalls, vgtCalls, deviceModelLogs },
      knowsVariants: () => false,
      faults: this.faults,
      clock: this.clock,
      events: new EventBroadcast(),
      newUuid: () => parsed(parseDomainId(UUID)),
    });
  }

  reboot(): void {
    this.kernel.reboot();
    this.face.reboot();
    this.domains.reboot();
  }

  states(): readonly string[] {
    return this.domains.list().map(({ name, state }) => `${name} ${state.state}`);
  }
}

function parsed<Id>(id: Id | undefined): Id {
  assert.ok(id !== undefined);
  return id;
}

const gpu = parsed(parsePciAddress(GPU));
const vgpu = parsed(parseVgpuId(VGPU));
const uuid = parsed(parseDomainId(UUID));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a boot of the simulated host", () => {
  it("takes a vGPU with it that the kernel was slow to make", async () => {
    const host = new Host({ kind: "CREATE_LATE", delay_ms: HOUR_MS });
    const creating = host.calls.create(gpu, TYPE, vgpu);
    host.reboot();
    host.clock.advance(HOUR_MS);
    assert.notEqual(await creating, undefined);
    assert.equal(host.kernel.mdevs.size, 0);
  });

  it("takes a request with it that hostd was hung with", async () => {
    const host = new Host({ kind: "HOSTD_HANGS" });
    const operation = { kind: "create-mdev", gpu: GPU, type: TYPE, vgpuId: VGPU } as const;
    const answer = host.face.perform({ id: 1, deadlineMs: 1000, operation });
    host.reboot();
    host.faults.clear();
    assert.equal((await answer).kind, "failed");
    assert.equal(host.kernel.mdevs.size, 0);
  });

  it("takes a start with it that was late, and a new one does not wait for it", async () => {
    const host = new Host({ kind: "DOMAIN_STARTS_LATE", delay_ms: HOUR_MS, times: 1 });
    host.domains.define(domainXml("desk", UUID));
    const late = assert.rejects(host.domains.start(uuid), /booted/);
    await turn();
    host.reboot();
    const started = await host.domains.start(uuid);
    host.clock.advance(HOUR_MS);
    await late;
    assert.deepEqual(host.domains.list(), [started]);
  });

  it("takes a transient domain with it, not the one that has its UUID now", async () => {
    const host = new Host({ kind: "DOMAIN_STARTS_LATE", delay_ms: HOUR_MS });
    const late = assert.rejects(host.domains.create(domainXml("passing", UUID)), /booted/);
    await turn();
    host.reboot();
    assert.deepEqual(host.states(), []);
    host.domains.define(domainXml("desk", UUID));
    host.clock.advance(HOUR_MS);
    await late;
    assert.deepEqual(host.states(), ["desk shut-off"]);
  });

  it("does not wait for the domains that it starts, and what it had begun to start ends with the next boot", async () => {
    const host = new Host({ kind: "DOMAIN_STARTS_LATE", delay_ms: HOUR_MS });
    for (const number of [1, 2]) {
      const { uuid: defined } = host.domains.define(
        domainXml(`desk-${number}`, UUID.replace("9d", `0${number}`)),
      );
      host.domains.setAutostart(defined, true);
    }
    host.reboot();
    await turn();
    host.reboot();
    await turn();
    assert.deepEqual(host.states(), ["desk-1 shut-off", "desk-2 shut-off"]);
    host.clock.advance(HOUR_MS);
    await turn();
    assert.deepEqual(host.states(), ["desk-1 running", "desk-2 shut-off"]);
    host.clock.advance(HOUR_MS);
    await turn();
    assert.deepEqual(host.states(), ["desk-1 running", "desk-2 running"]);
  });
});

describe("a removal of a vGPU that another removal waits with", () => {
  it("finds nothing to remove, and no fault strikes for it", async () => {
    const host = new Host({ kind: "REMOVE_BLOCKS", times: 2 });
    await host.calls.create(gpu, TYPE, vgpu);
    const blocked = host.calls.remove(vgpu);
    assert.equal(await host.calls.remove(vgpu), "absent");
    assert.deepEqual(
      host.faults.list.map(({ times }) => times),
      [1],
    );
    host.faults.clear();
    assert.equal(await blocked, "removed");
  });
});
