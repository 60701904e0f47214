// What libvirt lists and what Xen has, put together.
import assert from "node:assert/strict";
import { withXenGuests, type XenGuest } from "../../../agent/discovery/xen-guests.ts";
import { isAlive } from "../../../agent/inventory/model.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";

const guest = (n: number, given: Partial<XenGuest> = {}): XenGuest => ({
  ...{ domid: n, id: domainId(n), name: `guest-${n}`, pciDevices: [] },
  ...given,
});

describe("the domains of a Xen host", () => {
  it("are those that libvirt lists, and guests that it does not list, with what they hold", () => {
    const listed = foreignDomain(1);
    const [first, second, ...others] = withXenGuests(
      [listed],
      [guest(1), guest(2, { pciDevices: [pciAddress()] })],
    );
    assert.deepEqual(first, { ...listed, domid: 1 });
    assert.deepEqual(others, []);
    assert.ok(second);
    const { domid, id, name, state, persistent, pciDevices, mark } = second;
    assert.deepEqual(
      { domid, id, name, state, persistent, pciDevices, mark },
      {
        domid: 2,
        ...{ id: domainId(2), name: "guest-2", state: "exists", persistent: false },
        ...{ pciDevices: [pciAddress()], mark: undefined },
      },
    );
    assert.ok(isAlive(state));
  });

  it("are there for as long as Xen has them, though libvirt takes them for off", () => {
    const [domain] = withXenGuests(
      [foreignDomain(1, { state: "shut-off" })],
      [guest(1, { name: "another name", pciDevices: [pciAddress()] })],
    );
    assert.deepEqual(domain, foreignDomain(1, { state: "exists", pciDevices: [pciAddress()], domid: 1 }));
    assert.deepEqual(withXenGuests([foreignDomain(1, { state: "shut-off" })], []), [
      foreignDomain(1, { state: "shut-off" }),
    ]);
  });

  it("have what Xen gives them while they run, as by xl pci-attach, beside what libvirt knows of", () => {
    const [first, second] = [pciAddress(1), pciAddress(2)];
    const [domain] = withXenGuests(
      [foreignDomain(1, { pciDevices: [first] })],
      [guest(1, { pciDevices: [first, second] })],
    );
    assert.deepEqual(domain, foreignDomain(1, { pciDevices: [first, second], domid: 1 }));
  });

  it("are one where several guests are under one UUID, with what any of them has", () => {
    const twice = [1, 7].map((domid) =>
      guest(domid, { id: domainId(1), name: `copy-${domid}`, pciDevices: [pciAddress(domid)] }),
    );
    const both = [pciAddress(1), pciAddress(7)];
    const [unlisted, ...others] = withXenGuests([], twice);
    assert.deepEqual(others, []);
    assert.deepEqual([unlisted?.name, unlisted?.domid, unlisted?.pciDevices], ["copy-1", 1, both]);
    assert.deepEqual(withXenGuests([foreignDomain(1)], twice), [
      foreignDomain(1, { pciDevices: both, domid: 1 }),
    ]);
  });
});
