// `vgpuctl doctor`
import { LATEST_KERNEL } from "../../core/latest-kernel.ts";
import { languageNamed, languageOf, languages, type Language } from "../../core/language.ts";
import { modes, type Mode } from "../../core/modes.ts";
import { ConditionStatus, Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import { Mode as WireMode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Answer, ReadCommand } from "../command.ts";
import { parsePciAddress } from "../../core/ids.ts";
import { DoctorError, type Asked } from "../doctor.ts";
import type { Environment } from "../environment.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { diagnosisText } from "../view/diagnosis-view.ts";
import { messageJson } from "../view/json.ts";

const wireModes = {
  "gvt-g": WireMode.GVT_G,
  "gvt-d": WireMode.GVT_D,
  "gvt-s": WireMode.GVT_S,
  sriov: WireMode.SRIOV,
} as const satisfies Record<Mode, WireMode>;

const modeWords = Object.fromEntries(modes.map((mode) => [mode, mode]));

export const doctorCommand: ReadCommand = {
  kind: "read",
  name: "doctor",
  summary:
    "say which modes each GPU can be used in, by vgpud or by hand, what stands in the way, and what to do",
  operands: [],
  flags: [
    {
      name: "mode",
      value: "MODE",
      help: `only what concerns this mode: ${modes.join(", ")}`,
      field: "mode",
      offer: { kind: "words", words: modes },
    },
    {
      name: "gpu",
      value: "ADDRESS",
      help: "only this GPU and the host",
      field: "gpu",
      offer: { kind: "live", what: "gpus" },
    },
    { name: "all", help: "also what is as it should be, and what does not concern this host" },
    {
      name: "lang",
      value: "TAG",
      help: `language: ${languages.join(", ")} (default by LANG)`,
      field: "language",
      offer: { kind: "words", words: languages },
    },
    {
      name: "host-root",
      value: "DIR",
      help: "examine the files of this tree without vgpud: a copied host, an unpacked bundle, or / for this machine",
      offer: { kind: "files" },
    },
    {
      name: "pci-id",
      value: "8086:ID",
      help: "say what a GPU could be used for by its PCI id, before it is bought",
    },
    {
      name: "kernel",
      value: "RELEASE",
      help: `with --pci-id: on this kernel, as 6.12 (default ${LATEST_KERNEL}, the latest that this release knows)`,
    },
    {
      name: "bundle",
      value: "FILE",
      help: "write what the checks look at to a new .tar.gz for others to examine, without what names the host: of this machine's files or those of --host-root, without vgpud",
      offer: { kind: "files" },
    },
  ],
  forms: { name: "reasons of the conditions that failed, but for what is only worth knowing" },
  examples: [
    "vgpuctl doctor",
    "vgpuctl doctor --mode sriov",
    "vgpuctl doctor --host-root /",
    "vgpuctl doctor --pci-id 8086:9bc5 --kernel 6.12",
    "vgpuctl doctor --bundle host.tar.gz",
  ],
  alone: { flag: "host-root", value: "/" },
  offline: (args, environment) => {
    for (const flag of ["bundle", "host-root", "gpu"]) args.atMostOne("pci-id", flag);
    for (const flag of ["mode", "gpu", "all", "lang"]) args.atMostOne("bundle", flag);
    const named = (["socket", "address"] as const).find((flag) => args.has(flag));
    if (args.has("bundle") && named !== undefined)
      throw usageError(
        `--bundle asks no vgpud: it packs the files of this machine, or of --host-root; leave out --${named}`,
      );
    if (args.has("kernel") && !args.has("pci-id")) throw usageError("--kernel needs --pci-id");
    if (args.has("bundle")) return bundled(args, environment);
    if (!args.has("pci-id") && !args.has("host-root")) return undefined;
    return examined(args, environment);
  },
  run: async (args, vgpud, { locale }) => {
    const mode = modeAsked(args);
    const response = await vgpud.diagnose({
      mode: mode === undefined ? WireMode.UNSPECIFIED : wireModes[mode],
      gpu: gpuAddress(args.text("gpu") ?? ""),
      language: languageAsked(args, locale),
    });
    return answered(response, args, languageAsked(args, locale));
  },
};

async function examined(args: Arguments, environment: Environment): Promise<Answer> {
  const asked: Asked = { language: languageAsked(args, environment.locale), mode: modeAsked(args) };
  const [id, gpu, root = "/"] = [args.text("pci-id"), gpuAsked(args), args.text("host-root")];
  const device = id === undefined ? undefined : { deviceId: deviceOf(id), kernel: kernelAsked(args) };
  const doctor = await environment.doctor();
  const response = device
    ? await doctor.examineDevice(device, asked)
    : await inFolder(() => doctor.examineTree(root, asked));
  return answered(gpu === undefined ? response : onlyGpu(response, gpu, root), args, asked.language);
}

async function bundled(args: Arguments, environment: Environment): Promise<Answer> {
  const [file = "", root = "/"] = [args.text("bundle"), args.text("host-root")];
  if (file === "-") throw usageError("--bundle takes the name of a new file; it does not write to stdout");
  const doctor = await environment.doctor();
  const { files, bytes } = await inFolder(() => doctor.bundle(root, file));
  return {
    json: { bundle: file, files, bytes },
    names: [file],
    text: [
      {
        kind: "lines",
        lines: [
          `${file}: ${files} files, ${bytes} bytes`,
          "Host name, boot id, addresses and words of the command line that are not about graphics or virtualization are left out;",
          "look into it before you pass it on. To examine it: unpack it into an empty folder and name that with --host-root.",
        ],
      },
    ],
  };
}

async function inFolder<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof DoctorError)) throw error;
    throw new CliError("failure", error.message, { cause: error });
  }
}

function answered(response: DiagnoseResponse, args: Arguments, language: Language): Answer {
  const possible = response.verdicts.some(({ modes: each }) => each.some(({ available }) => available));
  const failed = response.conditions.filter(
    ({ status, severity }) => status === ConditionStatus.FAIL && severity !== Severity.INFO,
  );
  return {
    json: { possible, ...messageJson(response) },
    text: diagnosisText(response, { all: args.has("all"), language, kernel: kernelAssumed(args) }),
    names: [...new Set(failed.map(({ reason }) => reason))],
    ...(possible ? {} : { error: new CliError("unfit", "no vGPU can be made", { quiet: true }) }),
  };
}

function onlyGpu(response: DiagnoseResponse, gpu: string, root: string): DiagnoseResponse {
  if (!response.verdicts.some((each) => each.gpu === gpu))
    throw new CliError("failure", `this host has no Intel GPU ${gpu}`, {
      reason: "GPU_NOT_FOUND",
      look: ["doctor", "--host-root", root],
    });
  return {
    ...response,
    conditions: response.conditions.filter((each) => each.gpu === "" || each.gpu === gpu),
    verdicts: response.verdicts.filter((each) => each.gpu === gpu),
  };
}

function modeAsked(args: Arguments): Mode | undefined {
  return args.choice<Mode | undefined>("mode", modeWords);
}

function gpuAsked(args: Arguments): string | undefined {
  const text = args.text("gpu");
  const address = text === undefined ? undefined : parsePciAddress(gpuAddress(text));
  if (text !== undefined && address === undefined)
    throw usageError(`--gpu takes a PCI address, as 0000:00:02.0, not '${text}'`);
  return address;
}

function languageAsked(args: Arguments, locale: string): Language {
  const asked = args.text("lang");
  if (asked === undefined) return languageOf(locale);
  const language = languageNamed(asked);
  if (language === undefined) throw usageError(`--lang takes ${languages.join(", ")}, not '${asked}'`);
  return language;
}

function deviceOf(text: string): string {
  const [, vendor, device] = /^(?:([0-9a-f]{4}):)?([0-9a-f]{4})$/.exec(text.toLowerCase()) ?? [];
  if (device === undefined)
    throw usageError(`--pci-id takes vendor and device as lspci -nn shows them, as 8086:9bc5, not '${text}'`);
  if (vendor !== undefined && vendor !== "8086")
    throw usageError(`--pci-id takes devices of Intel, 8086; vendor ${vendor} is another`);
  return device;
}

/** Of which nobody spoke. */
function kernelAssumed(args: Arguments): string | undefined {
  return args.has("pci-id") && !args.has("kernel") ? LATEST_KERNEL : undefined;
}

function kernelAsked(args: Arguments): string {
  const kernel = args.text("kernel") ?? LATEST_KERNEL;
  if (!/^\d{1,3}\.\d{1,3}(\D.*)?$/.test(kernel))
    throw usageError(`--kernel takes a release as uname -r shows it, as 6.12, not '${kernel}'`);
  return kernel;
}
