// Pure: ids as HOST.yaml and the control socket write them, parsed into the words that the rest uses.
import { z } from "zod";
import { parsePciAddress, parseVgpuId } from "../core/ids.ts";

const identifier = <T>(parse: (text: string) => T | undefined, what: string) =>
  z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `not ${what}` });
    return z.NEVER;
  });

export const pciAddress = identifier(parsePciAddress, "a PCI address like 0000:00:02.0");
export const vgpuId = identifier(parseVgpuId, "a UUID");
