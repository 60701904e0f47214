// The guests of a Xen host, as hostd reads them from xenstore.
import assert from "node:assert/strict";
import { performOperation } from "../../../agent/hostd/perform.ts";
import { guestsIn } from "../../../agent/hostd/xen-domains.ts";
import { Xenstore, XenstoreError } from "../../../agent/hostd/xenstore.ts";
import { FakeXenstore, guestNodes } from "../../fakes/fake-xenstore.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";

const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const OTHER = "7d1f0a44-5b8e-4a0c-9f0b-000000000002";
const GPU = "0000:00:02.0";
const dom0 = {
  "/local/domain/0/vm": `/vm/${"0".repeat(8)}-0000-0000-0000-000000000000`,
  "/local/domain/0/name": "Domain-0",
};

describe("Xen's guests in xenstore", () => {
  it("are told with number, UUID, name, kind and the PCI functions that they have", () => {
    const nodes = {
      ...dom0,
      ...guestNodes(3, { uuid: UUID, name: "desk", type: "hvm", pci: [GPU, "0000:01:00.0"] }),
      ...guestNodes(12, { uuid: OTHER.toUpperCase() }),
    };
    const told = [
      { domid: 3, uuid: UUID, name: "desk", type: "hvm", pciDevices: [GPU, "0000:01:00.0"] },
      { domid: 12, uuid: OTHER, name: "guest-12", pciDevices: [] },
    ];
    // Whatever pieces the answers arrive in.
    for (const piece of [1, 7, Infinity])
      assert.deepEqual(guestsIn(new Xenstore(new FakeXenstore(nodes, piece))), told);
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
      guestsIn(new Xenstore(new FakeXenstore(nodes))).map(({ domid }) => domid),
      [3],
    );
  });

  it("are none where there are none", () => {
    assert.deepEqual(guestsIn(new Xenstore(new FakeXenstore({}))), []);
    assert.deepEqual(guestsIn(new Xenstore(new FakeXenstore(dom0))), []);
  });

  it("have no name that could move a cursor, no kind and no device of another form", () => {
    const nodes = {
      ...dom0,
      ...guestNodes(3, { uuid: UUID, name: "a\u001b[2Jb", type: "xen", pci: ["../../x", GPU] }),
    };
    assert.deepEqual(guestsIn(new Xenstore(new FakeXenstore(nodes))), [
      { domid: 3, uuid: UUID, name: "a?[2Jb", pciDevices: [GPU] },
    ]);
  });

  it("are unknown as a whole when xenstored refuses to tell of one", () => {
    const store = new FakeXenstore({ ...dom0, ...guestNodes(3, { uuid: UUID }) });
    store.refusals.set("/local/domain/3/name", "EACCES");
    assert.throws(
      () => guestsIn(new Xenstore(store)),
      new XenstoreError("EACCES", "xenstore read", "/local/domain/3/name"),
    );
    store.refusals.set("/local/domain", "E2BIG");
    assert.throws(() => guestsIn(new Xenstore(store)), { code: "E2BIG", syscall: "xenstore directory" });
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
      assert.throws(() => guestsIn(new Xenstore(new Confused(change))), /xenstored breaks its protocol/);
    const silent = { write: () => undefined, read: () => 0 };
    assert.throws(() => guestsIn(new Xenstore(silent)), /closed the channel/);
  });

  it("cannot be told on a host without Xen, and the file that is missing is named", async () => {
    await using tree = await GvtTree.make();
    const result = performOperation(tree.root, { kind: "xen-domains" });
    assert.ok(result.kind === "errno");
    assert.deepEqual([result.errno, result.path], ["ENOENT", `${tree.root}/dev/xen`]);
  });
});
