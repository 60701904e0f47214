// A GPU that leaves the host while it is looked at.
import assert from "node:assert/strict";
import { diagnose, type Diagnosis } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import type { ExaminedFiles } from "../../../agent/diagnosis/look.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { recordedHosts, type RecordedHost } from "../../hosts/recorded-hosts.ts";

const GPU = "0000:00:02.0";

/** The files of a host whose GPU is gone after a number of looks at what is the GPU's. */
class LeavingGpu implements ExaminedFiles {
  readonly #files: ExaminedFiles;
  #looks: number;

  constructor(files: ExaminedFiles, looks: number) {
    this.#files = files;
    this.#looks = looks;
  }

  leave(): void {
    this.#looks = 0;
  }

  async read(path: string): Promise<string | undefined> {
    return this.#isGone(path) ? undefined : await this.#files.read(path);
  }

  async list(path: string): Promise<string[]> {
    if (this.#isGone(path)) return [];
    return (await this.#files.list(path)).filter((name) => this.#looks > 0 || name !== GPU);
  }

  async exists(path: string): Promise<boolean> {
    return !this.#isGone(path) && (await this.#files.exists(path));
  }

  async linkName(path: string): Promise<string | undefined> {
    return this.#isGone(path) ? undefined : await this.#files.linkName(path);
  }

  async linkParentName(path: string): Promise<string | undefined> {
    return this.#isGone(path) ? undefined : await this.#files.linkParentName(path);
  }

  #isGone(path: string): boolean {
    if (!path.includes(GPU)) return false;
    this.#looks -= 1;
    return this.#looks < 0;
  }
}

function goodHost(): RecordedHost {
  const host = recordedHosts().find(({ name }) => name === "comet-lake-linux-6.1");
  assert.ok(host);
  return host;
}

/** findGpus asks for ten things of a GPU. */
const LOOKS_UNTIL_FOUND = 10;
/** More than all checks ask together. */
const LOOKS_AT_ALL = 45;

function diagnosedWhileLeaving(root: string, looks: number): Promise<Diagnosis> {
  return diagnosed(new LeavingGpu(new RootedFiles(root), looks));
}

async function diagnosed(files: ExaminedFiles): Promise<Diagnosis> {
  const libvirt = {
    asked: true,
    answers: true,
    uri: "qemu:///system",
    version: "9.0.0",
    driver: "QEMU",
  } as const;
  return await diagnose(
    files,
    await hostSubject(files, {
      libvirt: () => Promise.resolve(libvirt),
      kernelLog: [],
      hostd: undefined,
      rooms: undefined,
      settings: undefined,
    }),
  );
}

describe("a GPU that vanishes while it is read", () => {
  it("is no GPU when it is gone after the first read", async () => {
    await using tree = await goodHost().expand();
    const { conditions, verdicts } = await diagnosedWhileLeaving(tree.root, 1);
    assert.deepEqual(verdicts, []);
    assert.equal(conditions.find(({ code }) => code === "NO_INTEL_GPU")?.finding.status, "fail");
  });

  it("makes no vGPU when it is gone once it was found", async () => {
    await using tree = await goodHost().expand();
    const { verdicts } = await diagnosedWhileLeaving(tree.root, LOOKS_UNTIL_FOUND);
    const [verdict] = verdicts;
    assert.equal(verdict?.gpu, GPU);
    assert.deepEqual(
      verdict.modes.map(({ mode, because }) => [mode, because[0]?.code]),
      [
        ["gvt-g", "GPU_WITHOUT_DRIVER"],
        ["gvt-d", "IOMMU_GROUP_MISSING"],
        ["gvt-s", "GPU_WITHOUT_DRIVER"],
        ["sriov", "SRIOV_UNSUPPORTED_PLATFORM"],
      ],
    );
  });

  it("leaves no mode without a reason, however much of it was read before", async () => {
    await using tree = await goodHost().expand();
    for (let looks = 0; looks <= LOOKS_UNTIL_FOUND; looks += 1) {
      const { verdicts } = await diagnosedWhileLeaving(tree.root, looks);
      const open = verdicts
        .flatMap((verdict) => verdict.modes)
        .filter(({ because, notKnown }) => because.length + notKnown.length === 0)
        .map(({ mode }) => `${mode} after ${looks}`);
      assert.deepEqual(open, []);
    }
  });

  it("is missed at the next look, whenever it went", async () => {
    await using tree = await goodHost().expand();
    for (let looks = 0; looks <= LOOKS_AT_ALL; looks += 1) {
      const files = new LeavingGpu(new RootedFiles(tree.root), looks);
      await diagnosed(files);
      files.leave();
      const { conditions, verdicts } = await diagnosed(files);
      assert.deepEqual(verdicts, []);
      assert.equal(conditions.find(({ code }) => code === "NO_INTEL_GPU")?.finding.status, "fail");
    }
  });
});
