// `vgpuctl __complete`, which the completion scripts call: names of what vgpud has, and silence where it has not or is away.
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Answer, LiveNames, ReadCommand } from "../command.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";

/** Names that mean nothing to a shell: a foreign domain may bear any. */
const HARMLESS = /^[\w@%+=:,./-]+$/;

const lists: Readonly<Record<LiveNames, (vgpud: Vgpud) => Promise<readonly string[]>>> = {
  domains: async (vgpud) => {
    const pages = await allPages((pageToken) =>
      vgpud.listDomains({ pageSize: PAGE_SIZE, pageToken, withUsage: false }),
    );
    return pages.flatMap(({ domains }) => domains.map(({ name }) => name));
  },
  gpus: async (vgpud) => (await gpus(vgpud)).map(({ pciAddress }) => pciAddress),
  types: async (vgpud) => (await gpus(vgpud)).flatMap(({ types }) => types.map(({ name }) => name)),
  reservations: async (vgpud) => {
    const pages = await allPages((pageToken) => vgpud.listReservations({ pageSize: PAGE_SIZE, pageToken }));
    return pages.flatMap(({ reservations }) => reservations.map(({ claimId }) => claimId));
  },
  vgpus: async (vgpud) => {
    const pages = await allPages((pageToken) => vgpud.listVgpus({ pageSize: PAGE_SIZE, pageToken }));
    return pages.flatMap(({ vgpus }) => vgpus.map(({ vgpuId }) => vgpuId));
  },
};

export const completeCommand: ReadCommand = {
  kind: "read",
  name: "__complete",
  summary: "names for the completion of a shell",
  operands: [{ name: "WHAT", required: true, help: Object.keys(lists).join(", ") }],
  flags: [],
  examples: ["vgpuctl __complete domains --timeout 1s"],
  run: async (args, vgpud) => {
    const what = args.operand();
    if (!isListed(what)) throw usageError(`WHAT is ${Object.keys(lists).join(", ")}, not '${what}'`);
    const found = await lists[what](vgpud).catch(nothing);
    const names = [...new Set(found.filter((name) => HARMLESS.test(name)))].sort();
    return answerOf(names);
  },
};

function answerOf(names: readonly string[]): Answer {
  return { json: { names }, text: names.length === 0 ? [] : [{ kind: "lines", lines: names }] };
}

function isListed(what: string): what is LiveNames {
  return Object.hasOwn(lists, what);
}

async function gpus(vgpud: Vgpud) {
  const pages = await allPages((pageToken) => vgpud.listGpus({ pageSize: PAGE_SIZE, pageToken }));
  return pages.flatMap((page) => page.gpus);
}

function nothing(error: unknown): readonly string[] {
  if (error instanceof CliError) return [];
  throw error;
}
