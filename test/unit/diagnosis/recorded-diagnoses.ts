// What the diagnosis says of each recorded host, in every language; looked at once for all the tests that ask.
import { languages, type Language } from "../../../agent/core/language.ts";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import type { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { recordedHosts, type RecordedHost } from "../../hosts/recorded-hosts.ts";

type Diagnosed = Readonly<Record<Language, DiagnoseResponse>>;

const known = new Map<string, Promise<Diagnosed>>();

export function diagnosisOf(host: RecordedHost): Promise<Diagnosed> {
  const diagnosis = known.get(host.name) ?? diagnosed(host);
  known.set(host.name, diagnosis);
  return diagnosis;
}

export async function allDiagnoses(): Promise<readonly (Diagnosed & { readonly name: string })[]> {
  const all: (Diagnosed & { readonly name: string })[] = [];
  for (const host of recordedHosts()) all.push({ name: host.name, ...(await diagnosisOf(host)) });
  return all;
}

async function diagnosed({ expand }: RecordedHost): Promise<Diagnosed> {
  await using tree = await expand();
  const said: [Language, DiagnoseResponse][] = [];
  for (const language of languages)
    said.push([language, await offlineDoctor.examineTree(tree.root, { language, mode: undefined })]);
  return Object.fromEntries(said) as Diagnosed;
}
