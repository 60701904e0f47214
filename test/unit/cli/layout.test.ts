// The small parts that the output is made of.
import assert from "node:assert/strict";
import fc from "fast-check";
import { toDuration } from "../../../agent/cli/line/duration.ts";
import { formatDurationMs, parseDurationMs } from "../../../agent/core/duration.ts";
import { commands } from "../../../agent/cli/commands.ts";
import { allPages } from "../../../agent/cli/client/pages.ts";
import { coloured, plain, type Cell } from "../../../agent/cli/view/paint.ts";
import { consoleText } from "../../../agent/cli/view/console-text.ts";
import { accountTables } from "../../../agent/cli/view/account-view.ts";
import { layOut } from "../../../agent/cli/view/text.ts";
import { Console, ConsoleListen } from "../../../proto/gen/vgpud/v1/domain.ts";
import { Gpu, Mode, WholeGpuHolder } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { Host, type LibvirtStatus } from "../../../proto/gen/vgpud/v1/host.ts";
import { hostText } from "../../../agent/cli/view/host-view.ts";
import { gpuDetail } from "../../../agent/cli/view/gpu-view.ts";
import { vgpuDetail } from "../../../agent/cli/view/vgpu-view.ts";
import { shellLine } from "../../../agent/cli/line/shell-line.ts";
import { editDistance, nearest } from "../../../agent/core/suggest.ts";
import { tableLines } from "../../../agent/cli/view/table.ts";
import { vgpuCount } from "../../../agent/cli/view/vgpu-count.ts";
import { Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import { gpu } from "./facts.ts";

const PLAIN = { paint: plain, wide: false };

describe("hostText", () => {
  const cell = (name: string, of: Parameters<typeof Host.fromPartial>[0]): Cell | undefined => {
    const [block] = hostText(Host.fromPartial(of));
    return block?.kind === "fields" ? block.fields.find(([field]) => field === name)?.[1] : undefined;
  };
  const libvirt = (of: Partial<LibvirtStatus>): Cell | undefined =>
    cell("libvirt", { libvirt: { uri: "xen:///system", ...of } });

  it("says of libvirt what is known of it: that it answers, of which version it is, and what it drives", () => {
    const text = "xen:///system connected, version";
    const known = { connected: true, version: "9.0.0", hypervisorVersion: "4.17.0" };
    assert.deepEqual(libvirt(known), { text: `${text} 9.0.0, hypervisor 4.17.0`, style: "good" });
    assert.deepEqual(libvirt({ connected: true }), { text: `${text} not known`, style: "good" });
    assert.deepEqual(libvirt({}), { text: "xen:///system does not answer", style: "bad" });
  });

  it("says of claims that failed where it is told why", () => {
    assert.equal(cell("claims", { ledger: { active: 2 } }), "2 active");
    const text = "0 active, 5 failed: vgpuctl vgpus says which, vgpuctl vgpus VGPU why";
    assert.deepEqual(cell("claims", { ledger: { failed: 5 } }), { text, style: "bad" });
  });

  it("says which GPUs are drained by themselves, whatever the host is", () => {
    const drainedGpus = ["0000:00:02.0", "0000:03:00.0"];
    const gpus = "GPUs by themselves: 0000:00:02.0, 0000:03:00.0";
    assert.equal(cell("drained", {}), "no");
    assert.deepEqual(cell("drained", { drainedGpus }), { text: `no; ${gpus}`, style: "warn" });
    assert.deepEqual(cell("drained", { drained: true, drainNote: "fan", drainedGpus }), {
      ...{ text: `yes: fan; ${gpus}`, style: "warn" },
    });
  });

  it("says of a scheduler that it has not been told of the host, be it that the host's name is not known", () => {
    const scheduler = { adapter: "placement", host: "kvm-1", told: false };
    assert.equal(cell("scheduler", { scheduler }), "placement, in which this host is kvm-1; not told yet");
    assert.equal(cell("scheduler", { scheduler: { ...scheduler, host: "" } }), "placement; not told yet");
    const told = cell("scheduler", { scheduler: { ...scheduler, told: true } });
    assert.equal(told, "placement, in which this host is kvm-1");
    assert.equal(cell("scheduler", {}), undefined);
  });
});

describe("hostText of a simulated host", () => {
  const names = (of: Partial<Host>): readonly string[] => {
    const [block] = hostText(Host.fromPartial(of));
    return block?.kind === "fields" ? block.fields.map(([name]) => name) : [];
  };

  it("has no machine, where another shows `-` for what it does not know of its own", () => {
    assert.ok(names({ simulated: false }).includes("CPU"));
    assert.ok(!names({ simulated: true }).includes("CPU"));
  });

  it("takes what is worth knowing for no fault of the host", () => {
    const severities: Readonly<Record<string, Severity>> = { VIRGL_NOT_ON_XEN: Severity.INFO };
    const condition = (reason: string) => ({ reason, severity: severities[reason] ?? Severity.ERROR });
    const cell = (...reasons: readonly string[]): Cell | undefined => {
      const [block] = hostText(Host.fromPartial({ conditions: reasons.map(condition) }));
      return block?.kind === "fields" ? block.fields.find(([name]) => name === "conditions")?.[1] : undefined;
    };
    const worthKnowing = "as they should be; worth knowing: VIRGL_NOT_ON_XEN";
    assert.deepEqual(cell("VIRGL_NOT_ON_XEN"), { text: worthKnowing, style: "good" });
    assert.deepEqual(cell("VIRGL_NOT_ON_XEN", "IOMMU_OFF"), {
      ...{ text: "IOMMU_OFF: vgpuctl doctor says what to do", style: "warn" },
    });
  });
});

describe("vgpuCount", () => {
  const count = (of: Parameters<typeof Gpu.fromPartial>[0]) => vgpuCount(Gpu.fromPartial(of));

  it("is of the account of the mode that the GPU is in", () => {
    const accounts = {
      seats: { usedOwn: 1, usedForeign: 2, total: 8 },
      whole: { usedOwn: 0, usedForeign: 1 },
      virtualFunctions: { enabled: 4, usedOwn: 3, usedForeign: 0 },
    };
    assert.deepEqual(count({ ...accounts, mode: Mode.GVT_S }), { used: 3, total: 8 });
    assert.deepEqual(count({ ...accounts, mode: Mode.GVT_D }), { used: 1, total: 1 });
    assert.deepEqual(count({ ...accounts, mode: Mode.SRIOV }), { used: 3, total: 4 });
    assert.equal(count(accounts), undefined);
  });

  it("is not known while libvirt is away", () => {
    assert.equal(count({ mode: Mode.GVT_S, seats: { usedOwn: 1, total: 8 } }), undefined);
  });
});

describe("vgpuDetail", () => {
  const inUse = (of: Partial<Vgpu>): Cell | undefined => {
    const [block] = vgpuDetail(Vgpu.fromPartial({ present: true, ...of }));
    return block?.kind === "fields" ? block.fields.find(([name]) => name === "in use")?.[1] : undefined;
  };

  it("says who uses a vGPU by the domain that names it, and nothing of one that none names", () => {
    assert.equal(inUse({ inUse: true, domainName: "web-1" }), "yes");
    assert.equal(inUse({ inUse: false, domainName: "web-1" }), "no");
    assert.equal(inUse({ inUse: false }), undefined);
    assert.equal(inUse({ inUse: false, holders: [{ pid: 4711, command: "qemu" }] }), "yes");
    assert.equal(inUse({ inUse: false, present: false }), "no");
  });
});

describe("consoleText", () => {
  it("is what a viewer takes, or says in words that there is nothing for one", () => {
    const text = (of: Partial<Console>): string => consoleText(Console.fromPartial({ kind: "vnc", ...of }));
    const uri = "vnc://127.0.0.1:5901";
    assert.equal(text({ uri, listen: ConsoleListen.ADDRESS }), uri);
    assert.equal(text({ uri, websocketPort: 5700 }), `${uri} (WebSockets: port 5700)`);
    assert.equal(text({ listen: ConsoleListen.NOWHERE }), "vnc (listens nowhere)");
    assert.equal(text({ listen: ConsoleListen.ADDRESS }), "vnc (where is not known)");
  });
});

describe("gpuDetail", () => {
  it("has no head of a table without rows", () => {
    const titles = (of: typeof gpu): readonly string[] =>
      gpuDetail(of).flatMap((block) => (block.kind === "table" ? [block.columns[0]?.title ?? ""] : []));
    assert.deepEqual(titles(gpu), ["BUDGET", "GPU", "ACCOUNT", "MODE"]);
    const bare = { ...gpu, modes: [], types: [], whole: undefined, seats: undefined };
    assert.deepEqual(titles(bare), ["BUDGET"]);
  });

  it("shows virtual functions, who has them by name, and what is told of their shares", () => {
    const shown = Gpu.fromPartial({
      virtualFunctions: {
        ...{ enabled: 2, usedOwn: 0, usedForeign: 1, free: 1, unused: 1 },
        functions: [
          {
            number: 1,
            pciAddress: "0000:00:02.1",
            driver: "vfio-pci",
            free: false,
            quota: { ggttMib: 512n },
            domainName: "web-1",
            execQuantum: { seconds: 0n, nanos: 20_000_000 },
            preemptTimeout: { seconds: 0n, nanos: 0 },
            schedPriority: "low",
          },
          { number: 2, pciAddress: "0000:00:02.2" },
        ],
        available: { ggttMib: 2442n, contexts: 37_888, doorbells: 0 },
      },
      whole: { usedOwn: 0, usedForeign: 0, free: 0, heldBy: [WholeGpuHolder.VIRTUAL_FUNCTIONS] },
    });
    const layout = { paint: plain, headers: true, wide: false };
    assert.equal(
      layOut(accountTables(shown), layout),
      [
        "ACCOUNT            TOTAL  EXIST  BY CLAIMS  BY OTHERS  FREE  HELD BY",
        "virtual functions      -      2          0          1     1  -",
        "whole GPU              1      1          0          0     0  virtual-functions",
        "",
        "FUNCTION  ADDRESS       DRIVER    FREE  DOMAIN  GGTT MIB",
        "vf1       0000:00:02.1  vfio-pci  no    web-1        512",
        "vf2       0000:00:02.2  -         -     -              -",
        "",
        "FUNCTION  EXEC QUANTUM MS  PREEMPT TIMEOUT US  PRIORITY",
        "vf1                    20            no limit  low",
        "vf2                     -                   -  -",
        "",
        "SHARES     GGTT MIB  CONTEXTS  DOORBELLS",
        "available      2442     37888          0",
        "",
      ].join("\n"),
    );
  });
});

describe("tableLines", () => {
  it("leaves out a column for some rows only, where no row has it", () => {
    const columns = [{ title: "GPU" }, { title: "FENCES", sparse: true }] as const;
    assert.deepEqual(
      tableLines(
        columns,
        [
          ["a", undefined],
          ["b", ""],
        ],
        PLAIN,
      ),
      ["GPU", "a", "b"],
    );
    assert.deepEqual(
      tableLines(
        columns,
        [
          ["a", undefined],
          ["b", 0],
        ],
        PLAIN,
      ),
      ["GPU  FENCES", "a    -", "b    0"],
    );
    assert.deepEqual(tableLines(columns, [], PLAIN), ["GPU  FENCES"]);
  });

  const columns = [{ title: "NAME" }, { title: "MIB", align: "right" }, { title: "STATE" }] as const;

  it("gives ideographs the two columns that they have on a terminal", () => {
    const lines = tableLines(columns, [["可以", 5, "on"]], PLAIN);
    assert.deepEqual(lines, ["NAME  MIB  STATE", "可以    5  on"]);
  });

  it("puts numbers under each other, `-` for absent, and no space at the end", () => {
    const lines = tableLines(
      columns,
      [
        ["a", 5, undefined],
        ["long name", 1024, "on"],
      ],
      PLAIN,
    );
    assert.deepEqual(lines, ["NAME        MIB  STATE", "a             5  -", "long name  1024  on"]);
  });

  it("shows an absent cell at the end of a row that is too short", () => {
    assert.equal(tableLines(columns, [["a"]], PLAIN)[1], "a       -  -");
  });

  it("is as wide with colours as without", () => {
    const rows = [[{ text: "a", style: "bad" } as const, 1, "x"]];
    const bare = tableLines(columns, rows, { ...PLAIN, paint: coloured }).map((line) =>
      line.replaceAll(/\u001b\[\d+m/g, ""),
    );
    assert.deepEqual(bare, tableLines(columns, rows, PLAIN));
  });

  it("never lets a cell break the line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(
          tableLines([{ title: "T" }], [[text]], PLAIN)[1] ?? "",
          /[\u0000-\u001f\u007f-\u009f]/,
        );
      }),
    );
  });
});

describe("durations", () => {
  it("are read back as they are written", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (ms) => {
        assert.equal(parseDurationMs(formatDurationMs(ms)), ms);
      }),
    );
  });

  it("need a whole number and a unit, but for 0", () => {
    assert.equal(parseDurationMs("0"), 0);
    for (const text of ["", "1", "1.5s", "-1s", "1 s", "s", "1d"])
      assert.equal(parseDurationMs(text), undefined);
  });

  it("split into seconds and nanoseconds", () => {
    assert.deepEqual(toDuration(1500), { seconds: 1n, nanos: 500_000_000 });
  });
});

describe("suggestions", () => {
  it("count insertions, deletions and substitutions", () => {
    assert.equal(editDistance("kitten", "sitting"), 3);
    assert.equal(editDistance("", "abc"), 3);
  });

  it("are not made for what is far from everything", () => {
    assert.equal(nearest("frobnicate", ["gpus", "destroy"]), undefined);
    assert.equal(nearest("destory", ["gpus", "destroy"]), "destroy");
  });
});

describe("allPages", () => {
  it("does not follow a server that repeats itself", async () => {
    await assert.rejects(
      allPages(() => Promise.resolve({ nextPageToken: "again" })),
      /the same page token twice/,
    );
  });
});

describe("shellLine", () => {
  it("quotes what a shell would take apart", () => {
    assert.equal(shellLine(["a", "b c", "it's", ""]), `a 'b c' 'it'\\''s' ''`);
  });
});

describe("the table of commands", () => {
  it("gives a flag the same form wherever it stands, as the parser takes it", () => {
    const forms = new Map<string, boolean>();
    for (const flag of commands.flatMap((command) => command.flags)) {
      const takesValue = flag.value !== undefined;
      assert.equal(forms.get(flag.name) ?? takesValue, takesValue, flag.name);
      forms.set(flag.name, takesValue);
    }
  });
});
