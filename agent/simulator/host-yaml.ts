// Reads a HOST.yaml, and says of everything that is wrong with it where it stands.
import { isScalar } from "yaml";
import type { z } from "zod";
import { PlacedYaml } from "../yaml/placed-yaml.ts";
import { faultsBeyond, type PlacedProblem } from "./faults/beyond-host.ts";
import { makeMdevs, makeXlGuests } from "./made-by-others.ts";
import { hostSchema, type HostDescription } from "./host-description.ts";
import { hostEntries } from "./host-tree.ts";
import { inWords } from "./issue-words.ts";
import { SimulatedKernel } from "./kernel.ts";
import { fieldOf, Refusal, type Problem } from "./problem.ts";

/** @throws Refusal with every problem and its place; `origin` is what its message calls the text */
export function parseHost(yaml: string, origin: string): HostDescription {
  const text = new PlacedYaml(yaml, origin);
  const refuse = (problems: readonly Problem[]): void => {
    if (problems.length > 0) throw new Refusal(`use ${origin}`, problems);
  };
  refuse(
    text.faults.map(({ what, spot }) => ({ reason: "FIELD_INVALID", field: "", message: what, place: spot })),
  );
  const host = hostSchema.safeParse(text.value(text.contents) ?? {}, { error: inWords });
  if (!host.success) {
    const unquoted = (path: readonly PropertyKey[]): string | undefined => unquotedText(text.node(path));
    refuse(
      problemsOf(host.error, unquoted).map(({ path, ...problem }) => ({
        ...problem,
        place: text.nearest(path),
      })),
    );
    throw new Error("a schema refused without an issue");
  }
  refuse(
    impossible(host.data).map(({ path, ...problem }) => ({
      ...problem,
      field: fieldOf(path),
      place: text.nearest(path),
    })),
  );
  return host.data;
}

/** One Coffee Lake UHD 630 with a 1024 MiB aperture under Linux 6.12. */
export function defaultHost(): HostDescription {
  return hostSchema.parse({});
}

/** What a schema found, with the path of each; `unquoted` tells how a value that is no text was written. */
export function problemsOf(
  error: z.ZodError,
  unquoted: (path: readonly PropertyKey[]) => string | undefined = () => undefined,
): readonly (Problem & { readonly path: readonly PropertyKey[] })[] {
  return error.issues.map((issue) => {
    // An unknown key is reported of the object that has it.
    const path = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
    const isMissing = issue.code === "custom" && issue.params?.["missing"] === true;
    const written = issue.code === "invalid_type" && issue.expected === "string" ? unquoted(path) : undefined;
    return {
      reason: isMissing ? "FIELD_REQUIRED" : "FIELD_INVALID",
      field: fieldOf(path),
      message: written === undefined ? issue.message : `is no text to YAML; write "${written}", with quotes`,
      path,
    };
  });
}

/** Of its mdevs and faults what this host's kernel would not make or does not have, tried on a kernel that nobody sees. */
function impossible(host: HostDescription): readonly PlacedProblem[] {
  const kernel = new SimulatedKernel(host, () => "tried");
  const mdevs = makeMdevs(kernel, host);
  const guests = makeXlGuests(kernel, host);
  return [...faultsBeyond(host, hostEntries(kernel, truthfully), host.faults), ...mdevs, ...guests];
}

function truthfully(): number {
  return 0;
}

/** As it is written, a number or truth value: `3e96` is one, and a PCI device. */
function unquotedText(node: unknown): string | undefined {
  return isScalar(node) && ["number", "boolean"].includes(typeof node.value) ? node.source : undefined;
}
