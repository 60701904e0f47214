import assert from "node:assert/strict";
import { nothingDrained } from "../../../agent/lifecycle/drains.ts";
import { statusLine } from "../../../agent/observation/status-line.ts";
import { host, type HostPlan } from "../status-page/example-hosts.ts";

function lineOf(plan: HostPlan, notes: readonly string[] = []): string {
  const { view, libvirt } = host(plan);
  return statusLine({ ...view, libvirt, notes });
}

describe("the status line", () => {
  it("counts GPUs, slices, and the room for the largest type that still fits", () => {
    const guests = [{ name: "a" }, { name: "b" }].map((guest) => ({ ...guest, size: 4 as const }));
    assert.equal(lineOf({ apertures: [512], guests }), "1 GPU, 2 slices, room for 1 × V5_4");
    assert.match(lineOf({ apertures: [1024, 1024] }), /^2 GPUs, 0 slices, room for \d × V5_1$/);
  });

  it("says when there is no room", () => {
    const guests = ["a", "b", "c"].map((name) => ({ name, size: 4 as const }));
    assert.match(lineOf({ apertures: [512], guests }), /^1 GPU, 3 slices, (no room|room for 1 × V5_8)$/);
  });

  it("takes a host that cannot do it for normal", () => {
    assert.equal(lineOf({ apertures: [] }), "no Intel GPU");
    assert.equal(lineOf({ gpuChange: { types: [] } }), "1 GPU without vGPU types");
  });

  it("names what an operator should look at", () => {
    assert.match(lineOf({ libvirtAway: "refused" }), /, libvirt does not answer$/);
    assert.match(lineOf({ guests: [{ name: "a", claim: "failed" }] }), /, 1 claim failed$/);
    assert.match(lineOf({}, ["restart needed for socket"]), /^restart needed for socket, 1 GPU, /);
  });

  it("says what is drained", () => {
    const { view, libvirt } = host({ apertures: [1024, 1024] });
    const drain = { note: "fan", since: 0 };
    const gpus = view.gpus.map((each, n) => (n === 0 ? { ...each, drain } : each));
    const line = (given: Partial<typeof view>): string =>
      statusLine({ ...view, ...given, libvirt, notes: ["restart needed for socket"] });
    assert.match(line({ gpus }), /, 2 GPUs \(1 drained\), 0 slices, /);
    assert.match(
      line({ drains: { ...nothingDrained, host: drain } }),
      /^restart needed for socket, host drained, 2 GPUs, /,
    );
  });

  it("says that it looks for the first time", () => {
    const empty = { inventory: undefined, gpus: [], vgpus: [], claims: [], drains: nothingDrained };
    const line = statusLine({ ...empty, libvirt: { connected: false }, notes: [] });
    assert.equal(line, "looking at the host for the first time");
  });
});
