// What an operator reads in the log of a scheduler that cannot be told of all.
import assert from "node:assert/strict";
import { orderLog, roundLog } from "../../../agent/compose/scheduler-log.ts";
import { amissWords } from "../../../agent/compose/scheduler-words.ts";
import type { Standing } from "../../../agent/schedulers/keeper.ts";
import { nothingFound, type Untold } from "../../../agent/schedulers/scheduler.ts";

const first: Untold = { kind: "refused", what: "kvm-1_vgpud_0000_00_02_0", message: "HTTP 400" };
const second: Untold = { ...first, what: "kvm-1_vgpud_0000_03_00_0" };

/** Rounds one after the other, and the lines that came of the last one. */
function rounds({ isTold = true } = {}): (
  change: Partial<Pick<Standing, "failure" | "untold">>,
) => readonly string[] {
  const lines: string[] = [];
  const note = (values: object, text: string): void => {
    const { what = "", kind = "" } = values as { readonly what?: string; readonly kind?: string };
    lines.push([text, kind, what].filter((word) => word !== "").join(" "));
  };
  const tell = roundLog({ warn: note, info: note });
  const standing = {
    ...{ name: "placement", manner: { isTold, booksBy: "allocation", mayOversend: false } as const },
    toldAt: 1,
    wasTold: true,
    withoutDomains: false,
    closed: [],
    findings: nothingFound,
  };
  return (change) => {
    tell({ kind: "heal", standing: { ...standing, failure: undefined, untold: undefined, ...change } });
    return lines.splice(0);
  };
}

const refused = (...parts: readonly Untold[]): Pick<Standing, "untold"> => ({ untold: { parts, times: 1 } });
const OF_ALL = "the scheduler is not told of all refused";
const AGAIN = "the scheduler is told again";

describe("the log of the scheduler", () => {
  it("has a line for each order that was carried out, with what it is about and why", () => {
    const lines: unknown[] = [];
    const tell = orderLog("slurm", {
      info: (values, text) => {
        lines.push({ ...values, text });
      },
    });
    const about = { what: "node1", why: "vgpud: every GPU of this host is drained" };
    tell({ ...about, order: "drain" });
    const back = { what: "consumer c", booked: { gpu: { VGPU: 1 } }, withoutDomainSeconds: 600 };
    tell({ ...back, order: "give-back" });
    assert.deepEqual(lines, [
      { scheduler: "slurm", ...about, text: "drained with the scheduler" },
      { scheduler: "slurm", ...back, text: "given back to the scheduler, since no domain came for it" },
    ]);
  });

  it("names each GPU that is refused once, be it later than others and for the same", () => {
    const round = rounds();
    assert.deepEqual(round({}), []);
    assert.deepEqual(round(refused(first)), [`${OF_ALL} ${first.what}`]);
    assert.deepEqual(round(refused({ ...first, message: "HTTP 400, other words" })), []);
    assert.deepEqual(round(refused(first, second)), [`${OF_ALL} ${second.what}`]);
    assert.deepEqual(round(refused(second)), []);
    assert.deepEqual(round({}), [AGAIN]);
    assert.deepEqual(round({}), []);
  });

  it("tells a failure of all once, its end, and nothing anew of a GPU that was refused before it", () => {
    const round = rounds();
    const failure = { kind: "unreachable", message: "ECONNREFUSED", times: 1 };
    round(refused(first));
    assert.deepEqual(round({ failure, ...refused(first) }), ["the scheduler cannot be told unreachable"]);
    assert.deepEqual(round({ failure, ...refused(first) }), []);
    assert.deepEqual(round(refused(first)), [AGAIN]);
    assert.deepEqual(round({}), [AGAIN]);
  });

  it("says of one that is told nothing by the configuration never that it is told, or is not", () => {
    const round = rounds({ isTold: false });
    const node: Untold = {
      kind: "in-vain",
      what: "node node1",
      message: "it is not known which domains there are",
    };
    const failure = { kind: "unreachable", message: "ECONNREFUSED", times: 1 };
    const over = "what was amiss with the scheduler is over";
    const record: Untold = { kind: "unrecorded", what: "/s/slurm.json", message: "ENOSPC" };
    const inVain = "the scheduler gives out what cannot be made here in-vain node node1";
    const undone = "something is left undone with the scheduler unrecorded /s/slurm.json";
    assert.deepEqual(round(refused(node, record)), [inVain, undone]);
    assert.deepEqual(round({}), [over]);
    const unasked = "the scheduler cannot be asked unreachable";
    assert.deepEqual(round({ failure }), [unasked]);
    assert.deepEqual(round({}), [over]);
    // While anything goes on nothing is over.
    const askedAgain = "the scheduler is asked again";
    assert.deepEqual(round({ failure }), [unasked]);
    assert.deepEqual(round(refused(node)), [askedAgain, inVain]);
    assert.deepEqual(round({ failure }), [unasked]);
    assert.deepEqual(round(refused(node)), [askedAgain]);
    assert.deepEqual(round({}), [over]);
  });

  it("has for the status line the same words, each once", () => {
    const manner = { isTold: true, booksBy: "job", mayOversend: false } as const;
    const failure = { kind: "unreachable", message: "ECONNREFUSED", times: 1 };
    const { untold } = refused(first, second);
    assert.deepEqual(amissWords({ manner, failure: undefined, untold: undefined }), []);
    assert.deepEqual(amissWords({ manner, failure, untold }), [
      "the scheduler cannot be told",
      "the scheduler is not told of all",
    ]);
    const inVain = refused({ kind: "in-vain", what: "node node1", message: "it is drained" });
    assert.deepEqual(amissWords({ manner: { ...manner, isTold: false }, failure: undefined, ...inVain }), [
      "the scheduler gives out what cannot be made here",
    ]);
  });
});
