// Slices of XenGT as they are made and removed, with files of a kernel in miniature.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { XengtSlices, type VgtWriter } from "../../../agent/backends/xengt/slices.ts";
import { domidsIn, VgtFiles } from "../../../agent/backends/xengt/vgt-files.ts";
import { xengtCapacity } from "../../../agent/backends/xengt/capacity-rule.ts";
import type { AgentError } from "../../../agent/core/errors.ts";
import type { XenGuest } from "../../../agent/discovery/xen-guests.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { KernelVgpu } from "../../../agent/inventory/model.ts";
import type { Slice } from "../../../agent/lifecycle/ports.ts";
import type { SliceShare } from "../../../agent/inventory/share.ts";
import { sliceShare } from "../../fakes/claims.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { hostTree } from "../../fakes/host-tree.ts";
import { domainId, foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";

const { signal } = new AbortController();
const gpu = pciAddress();
const slice: Slice<SliceShare> = {
  ...{ vgpuId: ownVgpuId(1), gpu, share: sliceShare("4"), domainId: domainId(1) },
};
const guest = (domid: number, n: number, given: Partial<XenGuest> = {}): XenGuest => ({
  ...{ domid, id: domainId(n), name: `guest-${n}`, pciDevices: [] },
  ...given,
});

const shown = (domid: number, given: Partial<KernelVgpu> = {}): KernelVgpu => ({
  ...{ id: foreignVgpuId(domid), gpu, type: "", isLeaving: false, iommuGroup: undefined, domid },
  ...given,
});

type MakeAnswer = Awaited<ReturnType<VgtWriter["makeVgtInstance"]>>;
type RemoveAnswer = Awaited<ReturnType<VgtWriter["removeVgtInstance"]>>;

/** Makes folders as the kernel does, unless it is told what to answer instead. */
class Kernel implements VgtWriter, AsyncDisposable {
  readonly written: string[] = [];
  makes: MakeAnswer = { kind: "done" };
  /** Of some slices another answer to their removal, and whether they are gone then. */
  readonly removes = new Map<number, { readonly answer: RemoveAnswer; readonly gone: boolean }>();
  guests: readonly XenGuest[] = [];
  ignores = false;
  /** What the last look saw. */
  seen: readonly KernelVgpu[] = [];
  readonly #tree: Awaited<ReturnType<typeof hostTree>>;

  private constructor(tree: Awaited<ReturnType<typeof hostTree>>) {
    this.#tree = tree;
  }

  static async with(domids: readonly number[] = []): Promise<Kernel> {
    const control = { create_vgt_instance: "" };
    const made = Object.fromEntries(domids.map((domid) => [`vm${domid}`, { vgpu_id: "1" }]));
    return new Kernel(await hostTree({ "sys/kernel/vgt": { control, ...made } }));
  }

  get root(): string {
    return this.#tree.root;
  }

  get files(): RootedFiles {
    return new RootedFiles(this.root);
  }

  get slices(): XengtSlices {
    const guests = { guests: () => Promise.resolve(this.guests) };
    return new XengtSlices({ writer: this, files: this.files, guests, seen: () => this.seen });
  }

  async makeVgtInstance(given: Parameters<VgtWriter["makeVgtInstance"]>[0]): Promise<MakeAnswer> {
    const { domid, lowGmMib, highGmMib, fences } = given;
    this.written.push([domid, lowGmMib, highGmMib, fences].join(","));
    if (this.makes.kind === "done" && !this.ignores) await mkdir(this.#folder(domid));
    return this.makes;
  }

  async removeVgtInstance(domid: number): Promise<RemoveAnswer> {
    this.written.push(`-${domid}`);
    const told = this.removes.get(domid);
    if (told) {
      if (told.gone) await rm(this.#folder(domid), { recursive: true, force: true });
      return told.answer;
    }
    if (this.guests.some((one) => one.domid === domid)) return { kind: "held", holders: [] };
    if (!this.ignores) await rm(this.#folder(domid), { recursive: true });
    return { kind: "done" };
  }

  #folder(domid: number): string {
    return path.join(this.#tree.root, "sys/kernel/vgt", `vm${domid}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tree[Symbol.asyncDispose]();
  }
}

const failing = (reason: AgentError["reason"], words: RegExp) => (error: AgentError) => {
  assert.equal(error.reason, reason);
  assert.match(error.message, words);
  return true;
};

describe("making a slice of XenGT", () => {
  it("is told the number of its domain and its three sizes", async () => {
    await using kernel = await Kernel.with();
    kernel.guests = [guest(4, 2), guest(7, 1)];
    await kernel.slices.create(slice, signal);
    assert.deepEqual(kernel.written, ["7,128,512,4"]);
  });

  it("is nothing to do where its domain has one", async () => {
    await using kernel = await Kernel.with([7]);
    kernel.guests = [guest(7, 1, { vgt: slice.share.sizes })];
    await kernel.slices.create(slice, signal);
    assert.deepEqual(kernel.written, []);
  });

  it("is the device model's where it was told to, and nobody else's", async () => {
    await using kernel = await Kernel.with();
    kernel.guests = [guest(7, 1, { vgt: slice.share.sizes })];
    await assert.rejects(
      kernel.slices.create(slice, signal),
      failing("READBACK_MISMATCH", /qemu-dm-guest-1\.log/),
    );
    assert.deepEqual(kernel.written, []);
  });

  it("is refused where its device model was told other sizes, by what the kernel makes of them", async () => {
    await using kernel = await Kernel.with([7]);
    for (const highGmMib of [384, 512]) {
      kernel.guests = [guest(7, 1, { vgt: { ...slice.share.sizes, highGmMib } })];
      await kernel.slices.create(slice, signal);
    }
    kernel.guests = [guest(7, 1, { vgt: { ...slice.share.sizes, lowGmMib: 256 } })];
    await assert.rejects(
      kernel.slices.create(slice, signal),
      failing(
        "DOMAIN_WITHOUT_VGPU",
        /take 256 MiB low GM, 1024 MiB .* has 128 MiB low GM, 512 MiB .*virsh edit/,
      ),
    );
  });

  it("fails without its domain", async () => {
    await using kernel = await Kernel.with();
    await assert.rejects(
      kernel.slices.create(slice, signal),
      failing("DOMAIN_NOT_FOUND", /Xen has no domain/),
    );
    const unnamed = { ...slice, domainId: undefined };
    await assert.rejects(
      kernel.slices.create(unnamed, signal),
      failing("DOMAIN_NOT_FOUND", /no domain was named/),
    );
  });

  it("tells room from mistakes where the kernel does, and takes no word for a slice that is not there", async () => {
    await using kernel = await Kernel.with();
    kernel.guests = [guest(7, 1)];
    const refused = (errno: string) => ({ kind: "errno", errno, call: "write", path: "/x" }) as const;
    for (const [answer, reason] of [
      [refused("ENOMEM"), "KERNEL_REPORTS_NO_ROOM"],
      [refused("ENOSPC"), "KERNEL_REPORTS_NO_ROOM"],
      [refused("EINVAL"), "KERNEL_REFUSED"],
      [{ kind: "blocked", holders: [] }, "KERNEL_TIMEOUT"],
      [{ kind: "failed", why: "too many children" }, "HOSTD_UNAVAILABLE"],
    ] as const) {
      kernel.makes = answer;
      await assert.rejects(kernel.slices.create(slice, signal), failing(reason, /domain guest-1 \(7\)/));
    }
    kernel.makes = { kind: "done" };
    kernel.ignores = true;
    await assert.rejects(kernel.slices.create(slice, signal), failing("READBACK_MISMATCH", /no vm7/));
  });
});

describe("removing a slice of XenGT", () => {
  it("takes its own where this agent had it made, and leaves those of others to the sweep", async () => {
    await using kernel = await Kernel.with([5]);
    const { slices } = kernel;
    kernel.guests = [guest(7, 1)];
    await slices.create(slice, signal);
    kernel.guests = [];
    assert.deepEqual(await slices.remove(slice, signal), { kind: "removed" });
    assert.deepEqual(kernel.written, ["7,128,512,4", "-7"]);
    assert.deepEqual(await domidsIn(kernel.files), [5]);
  });

  it("takes all whose domains are gone where it does not know which was its own", async () => {
    await using kernel = await Kernel.with([5, 7, 9]);
    kernel.guests = [guest(9, 2)];
    assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "removed" });
    assert.deepEqual(kernel.written, ["-5", "-7"]);
    assert.deepEqual(await domidsIn(kernel.files), [9]);
  });

  it("waits for its domain", async () => {
    await using kernel = await Kernel.with([7]);
    kernel.guests = [guest(7, 1)];
    const holders = [{ pid: 0, command: "guest of Xen (guest-1)" }];
    assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "held", holders });
    assert.deepEqual(kernel.written, []);
  });

  const refused = (errno: string) => ({ kind: "errno", errno, call: "write", path: "/x" }) as const;
  /** Slices of a backend that had one made for a domain that is gone by now, which was number 7. */
  async function leftBehind(kernel: Kernel): Promise<XengtSlices> {
    const { slices } = kernel;
    kernel.guests = [guest(7, 1)];
    await slices.create(slice, signal);
    kernel.guests = [];
    return slices;
  }

  it("is done where somebody else was faster, whatever the kernel says then", async () => {
    for (const answer of [{ kind: "absent" }, refused("ENODEV"), refused("ENOENT")] as const) {
      await using kernel = await Kernel.with();
      const slices = await leftBehind(kernel);
      kernel.removes.set(7, { answer, gone: true });
      assert.deepEqual(await slices.remove(slice, signal), { kind: "removed" });
    }
  });

  it("fails with the kernel's errno while the slice is there, and is tried again", async () => {
    await using kernel = await Kernel.with();
    const slices = await leftBehind(kernel);
    for (const [answer, reason, words] of [
      [
        refused("EBUSY"),
        "KERNEL_REFUSED",
        /number 7, which is gone: the kernel refused to write \/x \(EBUSY\)/,
      ],
      [refused("ENODEV"), "KERNEL_REFUSED", /ENODEV/],
      [{ kind: "absent" }, "READBACK_MISMATCH", /hostd answers absent, and vm7 is still there/],
      [{ kind: "failed", why: "too many children" }, "HOSTD_UNAVAILABLE", /too many children/],
      [
        { kind: "xenstore-silent", asked: "/local/domain/0", waitedMs: 5000 },
        "HOSTD_UNAVAILABLE",
        /xenstored was asked for \/local\/domain\/0 first.*not answered within 5000 ms; nothing was changed\. See /,
      ],
    ] as const) {
      kernel.removes.set(7, { answer, gone: false });
      await assert.rejects(slices.remove(slice, signal), failing(reason, words));
    }
    kernel.removes.clear();
    assert.deepEqual(await slices.remove(slice, signal), { kind: "removed" });
    assert.deepEqual(await domidsIn(kernel.files), []);
  });

  it("is told to go on where the kernel does not come back", async () => {
    await using kernel = await Kernel.with();
    const slices = await leftBehind(kernel);
    kernel.removes.set(7, { answer: { kind: "blocked", holders: [] }, gone: false });
    assert.deepEqual(await slices.remove(slice, signal), { kind: "blocked", holders: [] });
    await assert.rejects(slices.sweep(7, signal), failing("KERNEL_TIMEOUT", /has not answered in 10000 ms/));
    kernel.removes.clear();
    assert.deepEqual(await slices.remove(slice, signal), { kind: "removed" });
  });

  it("takes the one that a look saw with its domain, after a restart of the agent", async () => {
    for (const [is, given] of Object.entries({
      "is still shown with its name": { id: slice.vgpuId },
      "has been seen without its domain": { formerId: slice.vgpuId },
    })) {
      await using kernel = await Kernel.with([5, 7]);
      kernel.seen = [shown(5), shown(7, given)];
      kernel.removes.set(5, { answer: refused("EBUSY"), gone: false });
      assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "removed" }, is);
      assert.deepEqual(await domidsIn(kernel.files), [5], "which the sweep goes on with");
      kernel.removes.set(7, { answer: { kind: "blocked", holders: [] }, gone: false });
      await mkdir(path.join(kernel.root, "sys/kernel/vgt/vm7"));
      assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "blocked", holders: [] }, is);
    }
  });

  it("is not over while one is left that may be it, of those whose domains nobody has seen", async () => {
    await using kernel = await Kernel.with([5, 7]);
    for (const [answer, reason] of [
      [refused("EBUSY"), "KERNEL_REFUSED"],
      [{ kind: "failed", why: "too many children" }, "HOSTD_UNAVAILABLE"],
    ] as const) {
      kernel.removes.set(5, { answer, gone: false });
      await assert.rejects(kernel.slices.remove(slice, signal), failing(reason, /domain number 5/));
      assert.deepEqual(await domidsIn(kernel.files), [5]);
    }
    kernel.removes.set(5, { answer: { kind: "blocked", holders: [] }, gone: false });
    assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "blocked", holders: [] });
    kernel.removes.clear();
    assert.deepEqual(await kernel.slices.remove(slice, signal), { kind: "removed" });
  });

  it("believes no kernel that it is done before it is", async () => {
    await using kernel = await Kernel.with([7]);
    const slices = await leftBehind(kernel);
    kernel.ignores = true;
    await assert.rejects(slices.remove(slice, signal), failing("READBACK_MISMATCH", /vm7 is still there/));
  });
});

describe("XenGT as dom0's kernel shows it", () => {
  const i915 = { ...new FakeGpu(gpu, 512).facts(), driver: "i915", deviceId: "1912" };

  it("offers types that nobody counts, since 2017", async () => {
    await using kernel = await Kernel.with();
    const files = new VgtFiles({
      files: kernel.files,
      listed: undefined,
      left: () => Promise.reject(new Error("no")),
    });
    const { vgt, types, mdevParent } = await files.describe(i915);
    assert.deepEqual([vgt, mdevParent, types.length], ["2017", false, 4]);
    assert.ok(types.every(({ uncounted, kernelAvailable }) => uncounted && kernelAvailable === undefined));
    assert.deepEqual((await files.describe({ ...i915, driver: "vfio-pci" })).types, []);
    assert.deepEqual((await files.describe({ ...i915, address: pciAddress(9) })).types, []);
  });

  it("counts for each type what is left of both that bound it, before", async () => {
    await using tree = await hostTree({
      "sys/kernel/vgt/control": { create_vgt_instance: "", available_resource: "" },
    });
    const left = { lowFreeMib: 384, fencesFree: 9 };
    const of = (given: typeof left | undefined) =>
      new VgtFiles({
        files: new RootedFiles(tree.root),
        listed: undefined,
        left: () => Promise.resolve(given),
      });
    const counts = async (given: typeof left | undefined) =>
      (await of(given).describe(i915)).types.map(({ kernelAvailable }) => kernelAvailable);
    assert.deepEqual(await counts(left), [2, 2, 1, 0], "fences bound the small ones");
    assert.deepEqual(await counts(undefined), [undefined, undefined, undefined, undefined]);
    assert.equal((await of(left).describe(i915)).vgt, "2015");
  });

  it("has a slice for each number of a domain, by a name of its own", async () => {
    await using kernel = await Kernel.with([3, 12]);
    const files = new VgtFiles({
      files: kernel.files,
      listed: undefined,
      left: () => Promise.resolve(undefined),
    });
    const found = await files.slices();
    assert.deepEqual(new Set(found.map(({ domid }) => domid)), new Set([3, 12]));
    assert.equal(new Set(found.map(({ id }) => id)).size, 2);
    assert.deepEqual(await files.slices(), found, "the same at each look");
  });

  it("has room beside the host, on Haswell for three and in half the address space", () => {
    const of = (deviceId: string) => xengtCapacity({ ...i915, deviceId, apertureMib: 512 });
    assert.deepEqual(of("1912"), {
      total: { lowGmMib: 512, highGmMib: 3584, fences: 32, instances: 7 },
      host: { lowGmMib: 128, highGmMib: 384, fences: 4, instances: 0 },
    });
    assert.deepEqual(of("0412")?.total, { lowGmMib: 512, highGmMib: 1536, fences: 32, instances: 3 });
    assert.equal(xengtCapacity({ ...i915, apertureMib: undefined }), undefined);
  });
});
