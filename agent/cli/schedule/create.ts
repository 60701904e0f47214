// `vgpuctl schedule create`
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { DomainSpec } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { Deadline } from "../../core/deadline.ts";
import { DOMAIN_NAME, isDomainName } from "../../core/domain-name.ts";
import { parseDomainId } from "../../core/ids.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { timeoutOf } from "../line/global-flags.ts";
import { readRequestFile, type RequestFile } from "../request/request-file.ts";
import { scheduleDomain, type Scheduled } from "./candidates.ts";
import { scheduledAnswer } from "./create-view.ts";
import { roundedText, type Flavor } from "./flavor.ts";
import { parseFlavors } from "./flavors-file.ts";
import { TimeLimit } from "./in-time.ts";
import { missingIn, type Missing } from "./missing.ts";
import { opened } from "./opened.ts";
import { readFile, refuseFaults } from "./placed-file.ts";
import { placementWork, type PlacementUse } from "./placement-failure.ts";
import type { ScheduleSettings } from "./schedule-file.ts";
import { FLAVORS_FILE } from "./words.ts";

export async function create(args: Arguments, environment: Environment): Promise<Answer> {
  // It is for all of them.
  const work = "a create and the looks at hosts before it";
  using parts = await opened(args, environment, { work: { read: work, change: work } });
  const { settings, file, api, namedHosts, agentOf, saidBy, line, lineTo } = parts;
  const flavor = await flavorFor(args, settings, environment);
  const request = await requestFor(args, flavor, environment);
  const given = claimIdOf(args);
  const claimId = given ?? environment.newUuid();
  const { project_id: projectId, user_id: userId, vgpu_class: slicesClass } = settings.placement;
  const { member_of: memberOf } = settings.placement;
  // Before anything is asked: who is killed in the middle leaves what can be found by it.
  environment.note(`claim id: ${claimId}`);
  const rounded = roundedText(flavor);
  if (rounded !== undefined) environment.note(rounded);
  const { ms: patienceMs } = timeoutOf(args, "change", 0);
  const time = new TimeLimit(patienceMs, environment.clock);
  const { signal } = environment;
  const walked = await scheduleDomain({
    ...{ api, namedHosts, agentOf, flavor, request, claimId, projectId, userId, slicesClass, memberOf },
    ...{ time, saidBy, line, lineTo, again: given !== undefined, signal, file },
  });
  const why = () => missingWithin(time, { api, namedHosts, flavor, memberOf }, environment);
  const { scheduled, missing } = await explained(walked, why, { signal, file });
  return scheduledAnswer(scheduled, {
    ...{ claimId, flavor, memberOf, missing, patienceMs, line },
  });
}

interface Explained {
  readonly scheduled: Scheduled;
  readonly missing?: Missing | undefined;
}

/** With why there was no candidate, where there was none. Who interrupts that has ended the create. */
async function explained(
  scheduled: Scheduled,
  why: () => Promise<Missing | undefined>,
  use: PlacementUse,
): Promise<Explained> {
  const { ended, lost } = scheduled;
  if (ended.kind !== "no-host" || ended.untried || lost.length > 0) return { scheduled };
  try {
    return { scheduled, missing: await placementWork(use, why) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { scheduled: { ...scheduled, ended: { kind: "failed", error, place: undefined } } };
  }
}

/** Undefined also where no time is left. */
async function missingWithin(
  { leftMs }: Pick<TimeLimit, "leftMs">,
  asking: Omit<Parameters<typeof missingIn>[0], "deadline">,
  { clock, signal: stop }: Environment,
): Promise<Missing | undefined> {
  if (leftMs <= 0) return undefined;
  using deadline = new Deadline(leftMs, { stop, clock });
  const missing = await missingIn({ ...asking, deadline });
  stop.throwIfAborted();
  return missing;
}

async function flavorFor(
  args: Arguments,
  settings: ScheduleSettings,
  environment: Environment,
): Promise<Flavor> {
  const name = args.text("flavor");
  if (name === undefined) throw usageError("--flavor is required: one of the file of flavors");
  const file = args.text("flavors") ?? settings.flavors ?? FLAVORS_FILE;
  const { flavors, faults } = parseFlavors(await readFile(file, environment), file);
  refuseFaults(faults);
  const flavor = flavors.find((each) => each.name === name);
  if (flavor !== undefined) return flavor;
  const names = flavors.map((each) => each.name);
  const hint = didYouMean(name, names) ?? `it has ${names.join(", ")}`;
  throw usageError(`${file} has no flavor ${name}`, hint);
}

/** The file of a domain says all but what the flavor does. */
async function requestFor(
  args: Arguments,
  { name: flavor, vcpus, memoryMib }: Flavor,
  environment: Environment,
): Promise<CreateDomainRequest> {
  const path = args.text("file");
  if (path === undefined) throw usageError("--file is required: the domain, with what it boots from");
  const file = await readRequestFile(path, environment);
  refuseFaults(saidByOthers(file, flavor));
  const domain = file.request.domain ?? DomainSpec.create();
  const given = args.text("name");
  const name = given ?? domain.name;
  if (name === "") throw usageError("--name is missing: the domain's name, here or in the file");
  // A host would say it, too, once something is booked there.
  if (!isDomainName(name)) {
    const what = `'${name}' is no name for a domain: it takes ${DOMAIN_NAME.described}`;
    if (given !== undefined) throw usageError(`--name: ${what}`);
    refuseFaults([{ where: file.places.get("domain.name") ?? path, what: `domain.name: ${what}` }]);
  }
  return { ...file.request, domain: { ...domain, name, vcpus, memoryMib } };
}

const notOfTheFile: Readonly<Record<string, string>> = {
  vgpu: "the flavor says it",
  "domain.vcpus": "the flavor says it",
  "domain.memory_mib": "the flavor says it",
  "domain.raw_xml": "it would not be of the flavor's size",
  claim_id: "--claim-id says it",
  reservation: "the claim is in Placement",
  validate_only: "what is booked is booked",
};

function saidByOthers({ places }: RequestFile, flavor: string) {
  return Object.entries(notOfTheFile).flatMap(([field, why]) => {
    const where = places.get(field);
    return where === undefined
      ? []
      : [{ where, what: `${field} has no place beside flavor ${flavor}: ${why}` }];
  });
}

/** With Placement in front the claim id is the UUID of its consumer. */
function claimIdOf(args: Arguments): string | undefined {
  const text = args.text("claim-id");
  if (text === undefined) return undefined;
  const uuid = parseDomainId(text);
  if (uuid === undefined)
    throw usageError(`--claim-id takes a UUID, which Placement knows the claim by, not '${text}'`);
  return uuid;
}
