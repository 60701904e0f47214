// The guests of a Xen host, as hostd reads them from xenstore.
import assert from "node:assert/strict";
import { performOperation } from "../../../agent/hostd/perform.ts";
import type { XenGuest } from "../../../agent/hostd/protocol/messages.ts";
import { guestsIn, guestsWith, nameOfGuest } from "../../../agent/hostd/xen-domains.ts";
import { Xenstore, XenstoreError, XenstoreSilence } from "../../../agent/hostd/xenstore.ts";
import { FakeXenstore, guestNodes } from "../../fakes/fake-xenstore.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";

const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const OTHER = "7d1f0a44-5b8e-4a0c-9f0b-000000000002";
const GPU = "0000:00:02.0";
const dom0 = {
  "/local/domain/0/vm": `/vm/${"0".repeat(8)}-0000-0000-0000-000000000000`,
  "/local/domain/0/name": "Domain-0",
};

/** On a host with these processes and no other. */
function told(
  store: Xenstore,
  processes: Readonly<Record<string, readonly string[]>> = {},
): readonly XenGuest[] {
  return guestsIn(store, (pid) => processes[pid] ?? []);
}

/** As libxl starts QEMU. */
function deviceModel(domid: number, ...more: readonly string[]): readonly string[] {
  return ["/usr/lib/xen/bin/qemu-system-i386", "-xen-domid", String(domid), "-no-shutdown", ...more, ""];
}

describe("Xen's guests in xenstore", () => {
  it("are told with number, UUID, name, kind and the PCI functions that they have", () => {
    const nodes = {
      ...dom0,
      ...guestNodes(3, { uuid: UUID, name: "desk", type: "hvm", pci: [GPU, "0000:01:00.0"] }),
      ...guestNodes(12, { uuid: OTHER.toUpperCase() }),
    };
    const guests = [
      { domid: 3, uuid: UUID, name: "desk", type: "hvm", pciDevices: [GPU, "0000:01:00.0"] },
      { domid: 12, uuid: OTHER, name: "guest-12", pciDevices: [] },
    ];
    // Whatever pieces the answers arrive in.
    for (const piece of [1, 7, Infinity])
      assert.deepEqual(told(new Xenstore(new FakeXenstore(nodes, piece))), guests);
  });

  it("are not the host itself, nor the domains that run a guest's device model, nor what has just ended", () => {
    const nodes = {
      ...dom0,
      ...guestNodes(3, { uuid: UUID }),
      ...guestNodes(4, { uuid: OTHER, name: "desk-dm" }),
      "/local/domain/4/target": "3",
      "/local/domain/5/device/vbd": "",
      // Stays for a while after its guest (seen with Xen 4.17).
      "/local/domain/0/backend/pci/9/0/dev-0": GPU,
    };
    assert.deepEqual(
      told(new Xenstore(new FakeXenstore(nodes))).map(({ domid }) => domid),
      [3],
    );
  });

  it("are found by a function that they have, which a device model's domain has for its guest", () => {
    const store = new Xenstore(
      new FakeXenstore({
        ...dom0,
        ...guestNodes(3, { uuid: UUID, name: "desk", pci: [GPU] }),
        ...guestNodes(4, { uuid: OTHER, name: "desk-dm", pci: [GPU, "0000:01:00.0"] }),
        "/local/domain/4/target": "3",
        "/local/domain/0/backend/pci/9/0/dev-0": GPU,
      }),
    );
    assert.deepEqual(guestsWith(store, new Set([GPU])), [3, 4]);
    assert.deepEqual(guestsWith(store, new Set(["0000:01:00.0", "0000:02:00.0"])), [4]);
    assert.deepEqual([nameOfGuest(store, 3), nameOfGuest(store, 9)], ["desk", ""]);
  });

  it("are none where there are none", () => {
    assert.deepEqual(told(new Xenstore(new FakeXenstore({}))), []);
    assert.deepEqual(told(new Xenstore(new FakeXenstore(dom0))), []);
  });

  it("have no name that could move a cursor, no kind and no device of another form", () => {
    const nodes = {
      ...dom0,
      ...guestNodes(3, { uuid: UUID, name: "a\u001b[2Jb", type: "xen", pci: ["../../x", GPU] }),
    };
    assert.deepEqual(told(new Xenstore(new FakeXenstore(nodes))), [
      { domid: 3, uuid: UUID, name: "a?[2Jb", pciDevices: [GPU] },
    ]);
  });

  it("have the slice of XenGT that their device model was started with", () => {
    const guests = [3, 4, 5, 6, 7].map((domid) => guestNodes(domid, { uuid: UUID, devicePid: 4000 + domid }));
    const nodes = Object.assign({}, ...guests) as Readonly<Record<string, string>>;
    const sizes = ["-vgt_low_gm_sz", "128", "-vgt_high_gm_sz", "384", "-vgt_fence_sz", "8"];
    const processes = {
      4003: deviceModel(3, "-vga", "xengt", ...sizes),
      // XenServer's option; and libxl's own -vga before that of whoever wrote the domain.
      4004: deviceModel(4, "-xengt", "-vgt_low_gm_sz", "256", "-priv"),
      4005: deviceModel(5, "-vga", "std", ...sizes.slice(0, 2), "-vga", "xengt"),
      4006: deviceModel(6, "-vga", "xengt"),
      // Without their card QEMU makes no slice, whatever sizes it is told.
      4007: deviceModel(7, "-vga", "xengt", "-vga", "cirrus", ...sizes),
    };
    assert.deepEqual(
      told(new Xenstore(new FakeXenstore(nodes)), processes).map(({ vgt }) => vgt),
      [
        { lowGmMib: 128, highGmMib: 384, fences: 8 },
        { lowGmMib: 256, highGmMib: 448, fences: 4 },
        { lowGmMib: 128, highGmMib: 448, fences: 4 },
        { lowGmMib: 64, highGmMib: 448, fences: 4 },
        undefined,
      ],
    );
  });

  it("have no slice by another process's command line, a device model elsewhere, or sizes that no slice has", () => {
    const model = guestNodes(3, { uuid: UUID, devicePid: 4003 });
    const image = "/local/domain/3/image";
    const xengt = deviceModel(3, "-vga", "xengt");
    const slices = (nodes: Readonly<Record<string, string>>, words: readonly string[]): unknown =>
      told(new Xenstore(new FakeXenstore(nodes)), { 4003: words }).map(({ vgt }) => vgt);
    assert.deepEqual(slices({ ...model, [`${image}/device-model-domid`]: "0" }, xengt), [
      { lowGmMib: 64, highGmMib: 448, fences: 4 },
    ]);
    const none: [Readonly<Record<string, string>>, readonly string[]][] = [
      // It has ended, and its number is that of the device model of another guest.
      [model, []],
      [model, deviceModel(33, "-vga", "xengt")],
      // It runs in a domain of its own.
      [{ ...model, [`${image}/device-model-domid`]: "4" }, xengt],
      [{ ...model, [`${image}/device-model-pid`]: "../4003" }, xengt],
      ...["0", "many", "4097", "", "1.5"].map((low): [typeof model, readonly string[]] => [
        model,
        [...xengt.slice(0, -1), "-vgt_low_gm_sz", low, ""],
      ]),
    ];
    for (const [nodes, words] of none) assert.deepEqual(slices(nodes, words), [undefined]);
  });

  it("are unknown as a whole when xenstored refuses to tell of one", () => {
    const store = new FakeXenstore({ ...dom0, ...guestNodes(3, { uuid: UUID }) });
    store.refusals.set("/local/domain/3/name", "EACCES");
    assert.throws(
      () => told(new Xenstore(store)),
      new XenstoreError("EACCES", "xenstore read", "/local/domain/3/name"),
    );
    store.refusals.set("/local/domain", "E2BIG");
    assert.throws(() => told(new Xenstore(store)), { code: "E2BIG", syscall: "xenstore directory" });
  });

  it("are not read from what is no answer to the question", () => {
    class Confused extends FakeXenstore {
      readonly #change: (answer: Buffer) => void;
      constructor(change: (answer: Buffer) => void) {
        super(dom0);
        this.#change = change;
      }
      protected override answerTo(type: number, id: number, path: string): Buffer {
        const answer = super.answerTo(type, id, path);
        this.#change(answer);
        return answer;
      }
    }
    for (const change of [
      (answer: Buffer) => answer.writeUInt32LE(99, 4),
      (answer: Buffer) => answer.writeUInt32LE(15, 0),
      (answer: Buffer) => answer.writeUInt32LE(0xffff_ffff, 12),
      (answer: Buffer) => answer.writeUInt32LE(16, 0),
    ])
      assert.throws(() => told(new Xenstore(new Confused(change))), /xenstored breaks its protocol/);
    const closed = { write: () => true, read: () => 0, patienceMs: 1 };
    assert.throws(() => told(new Xenstore(closed)), /closed the channel/);
  });

  it("are unknown, with what was asked, where xenstored takes no question, gives no answer, or half of one", () => {
    const store = new FakeXenstore({ ...dom0, ...guestNodes(3, { uuid: UUID }) });
    const patienceMs = 70;
    const head = (into: Buffer): number | undefined => (into.length === 16 ? store.read(into) : undefined);
    for (const channel of [
      { write: () => false, read: () => assert.fail("nothing was asked"), patienceMs },
      { write: () => true, read: () => undefined, patienceMs },
      { write: (bytes: Buffer) => store.write(bytes), read: head, patienceMs },
    ])
      assert.throws(() => told(new Xenstore(channel)), new XenstoreSilence("/local/domain", 70));
  });

  it("cannot be told on a host without Xen, and the file that is missing is named", async () => {
    await using tree = await GvtTree.make();
    const result = performOperation(tree.root, { kind: "xen-domains" });
    assert.ok(result.kind === "errno");
    assert.deepEqual([result.errno, result.path], ["ENOENT", `${tree.root}/dev/xen`]);
  });
});
