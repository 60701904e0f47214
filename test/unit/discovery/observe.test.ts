// One look at the host: what fails as a whole, and what is a fact when it fails.
import assert from "node:assert/strict";
import { observe, type Observer } from "../../../agent/discovery/observe.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { hostTree } from "../../fakes/host-tree.ts";

const signal = new AbortController().signal;

function observer(given: Partial<Observer> & { readonly root: string }): Observer {
  return {
    files: new RootedFiles(given.root),
    slices: {
      describe: () => Promise.resolve({ mdevParent: false, types: [] }),
      slices: () => Promise.resolve([]),
    },
    domains: { domains: () => Promise.resolve([foreignDomain(1)]) },
    wall: () => 42,
    ...given,
  };
}

describe("a look at the host", () => {
  it("puts GPUs, slices and domains together", async () => {
    const gpu = { vendor: "0x8086", class: "0x030000" };
    await using tree = await hostTree({ "sys/bus/pci/devices": { "0000:00:02.0": gpu } });
    const seen = await observe(observer({ root: tree.root }), signal);
    assert.deepEqual([...seen.gpus.keys()], ["0000:00:02.0"]);
    assert.equal(seen.observedAt, 42);
    assert.deepEqual(seen.domains, {
      known: true,
      value: new Map([[foreignDomain(1).id, foreignDomain(1)]]),
    });
  });

  it("takes libvirt's absence for a fact, with the reason", async () => {
    await using tree = await hostTree({});
    const domains = { domains: () => Promise.reject(new Error("connection refused")) };
    const seen = await observe(observer({ root: tree.root, domains }), signal);
    assert.deepEqual(seen.domains, { known: false, why: "connection refused" });
  });

  it("fails when the kernel's facts cannot be read", async () => {
    await using tree = await hostTree({});
    const slices = {
      describe: () => Promise.resolve({ mdevParent: false, types: [] }),
      slices: () => Promise.reject(new Error("input/output error")),
    };
    await assert.rejects(observe(observer({ root: tree.root, slices }), signal), /input\/output error/);
  });

  it("is no look when it was called off meanwhile", async () => {
    await using tree = await hostTree({});
    const stop = new AbortController();
    const domains = {
      domains: () => {
        stop.abort(new Error("stopping"));
        return Promise.reject(new Error("called off"));
      },
    };
    await assert.rejects(observe(observer({ root: tree.root, domains }), stop.signal), /stopping/);
  });
});
