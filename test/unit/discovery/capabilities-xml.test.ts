import assert from "node:assert/strict";
import { x86DomainTypes, xenGuestTypes } from "../../../agent/discovery/capabilities-xml.ts";

/** As libvirt's driver for Xen prints them (libxl_capabilities.c, libxlCapsInitGuests): 32 bits beside 64. */
function guest(osType: string, machine: string, arch = "x86_64", domain = "xen"): string {
  return `<guest><os_type>${osType}</os_type><arch name='${arch}'><wordsize>64</wordsize>
    <emulator>/usr/lib/xen/bin/qemu-system-i386</emulator><machine>${machine}</machine><domain type='${domain}'/></arch></guest>`;
}
const capabilities = (...guests: readonly string[]): string =>
  `<capabilities><host/>${guests.join("")}</capabilities>`;

describe("libvirt's capabilities", () => {
  it("tell the kinds of Xen's guests, of 64 bits only", () => {
    const all = [guest("xen", "xenpv"), guest("hvm", "xenfv"), guest("xenpvh", "xenpvh")];
    assert.deepEqual([...xenGuestTypes(capabilities(...all))].sort(), ["hvm", "pv", "pvh"]);
    const pv = [guest("xen", "xenpv"), guest("hvm", "xenfv", "i686")];
    assert.deepEqual([...xenGuestTypes(capabilities(...pv))], ["pv"]);
  });

  it("of a driver for KVM tell none of Xen's", () => {
    const kvm = capabilities(guest("hvm", "pc-q35-7.2", "x86_64", "kvm"));
    assert.deepEqual([...xenGuestTypes(kvm)], []);
    assert.deepEqual([...x86DomainTypes(kvm)], ["kvm"]);
  });
});
