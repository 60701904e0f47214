// `vgpuctl snippet`
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { parsePciAddress } from "../../core/ids.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { Display } from "../../core/vgpu-elements.ts";
import type { Vgpud } from "../client/vgpud.ts";
import type { ReadCommand } from "../command.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { offerWords } from "../request/create-words.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { vgpuOperand, vgpuRef } from "../request/vgpu-ref.ts";
import { deviceOf, seatOn, type Device } from "../snippet/device.ts";
import { displayFlags, displayOf, requireRoom, requireScreen } from "../snippet/display.ts";
import { qemuSnippet } from "../snippet/qemu.ts";
import type { WriteSnippet } from "../snippet/snippet.ts";
import { xlSnippet } from "../snippet/xl.ts";
import { printable } from "../view/paint.ts";

/** The writer of XML is loaded by who wants XML. */
const writers: Readonly<Record<string, () => Promise<WriteSnippet>>> = {
  libvirt: async () => (await import("../snippet/libvirt.ts")).libvirtSnippet,
  qemu: () => Promise.resolve(qemuSnippet),
  xl: () => Promise.resolve(xlSnippet),
};
const forms = Object.keys(writers);

export const snippetCommand: ReadCommand = {
  kind: "read",
  name: "snippet",
  summary: "print what gives a vGPU to a domain that you manage yourself",
  operands: [
    {
      name: "FORM",
      required: true,
      help: `what the domain is described for: ${forms.join(", ")}`,
      offer: offerWords(writers),
    },
    {
      ...vgpuOperand,
      help: `${vgpuOperand.help}; in mode gvt-s, where none is made beforehand, the GPU's PCI address`,
    },
  ],
  flags: displayFlags,
  examples: [
    "vgpuctl snippet libvirt claim:4c9c1f1e-5d0b-4b5e-9f0a-6d1f2a3b4c5d",
    "vgpuctl snippet libvirt 76677075-1111-8222-8333-444455556666 --ramfb --size 1280x720",
    "vgpuctl snippet qemu claim:lab-3 --display",
  ],
  run: async (args, vgpud) => {
    const write = writerOf(args.operand());
    const display = displayOf(args);
    const { device, warnings } = await found(args, vgpud, display);
    if (display !== undefined) requireScreen(device, display);
    const { lines, notes } = (await write())(device, display);
    const json = { form: args.operand(), snippet: `${lines.join("\n")}\n`, notes, warnings };
    const messages = [...notes, ...warnings.map((warning) => `warning: ${warning}`)];
    return { json, text: [{ kind: "lines", lines }], messages };
  },
};

function writerOf(form: string): () => Promise<WriteSnippet> {
  const writer = Object.hasOwn(writers, form) ? writers[form] : undefined;
  if (writer !== undefined) return writer;
  throw usageError(`FORM is ${forms.join(", ")}, not '${form}'`, didYouMean(form, forms));
}

async function found(
  args: Arguments,
  vgpud: Vgpud,
  display: Display | undefined,
): Promise<{ readonly device: Device; readonly warnings: readonly string[] }> {
  const [, named = ""] = args.operands;
  const address = parsePciAddress(gpuAddress(named));
  if (address !== undefined) {
    const { gpu } = await vgpud.getGpu({ gpu: address });
    if (gpu === undefined) throw nothingSaid(named);
    return { device: seatOn(gpu), warnings: [] };
  }
  const { vgpu } = await vgpud.getVgpu({ vgpu: vgpuRef(named) });
  if (vgpu === undefined) throw nothingSaid(named);
  const device = deviceOf(vgpu);
  if (display?.size && device.kind === "slice")
    requireRoom(display.size, vgpu.type, await resolutionOf(vgpu, vgpud));
  return { device, warnings: warningsOf(vgpu, device) };
}

/** Empty when it is not known. */
async function resolutionOf({ gpu: address, type }: Vgpu, vgpud: Vgpud): Promise<string> {
  const { gpu } = await vgpud.getGpu({ gpu: address });
  return gpu?.types.find(({ name }) => name === type)?.resolution ?? "";
}

/** Of seats there are as many as domains want. */
function warningsOf({ domainName }: Vgpu, { kind }: Device): readonly string[] {
  if (domainName === "" || kind === "seat") return [];
  return [`domain ${printable(domainName)} has it, and two cannot run with one vGPU`];
}

function nothingSaid(named: string): CliError {
  return new CliError("failure", `vgpud says nothing of ${named}`);
}
