// Requests to Placement as its owner would send them: authorised, in a microversion that both sides know, with failures told apart.
import * as z from "zod";
import type { Authority, Session } from "./auth.ts";
import { PlacementError, type PlacementFailure } from "./errors.ts";
import { shown, type Answer, type Exchanger, type Request } from "./exchange.ts";
import { excerpt, parseAnswer } from "./parse.ts";

/** The minor number of a microversion `1.N`. */
type Minor = number;

/**
 * 1.36 (Victoria) has everything that publishing, reading and claiming need; 1.37 (Xena) lets a provider be moved to another parent,
 * 1.38 (Xena, too) knows types of consumers, 1.39 (Yoga) is the newest there is (placement/rest_api_version_history.rst).
 */
const LEAST: Minor = 36;
const MOST: Minor = 39;

/** What was asked and what came of it, for counters and for pages that show requests. */
interface EndedRequest {
  readonly method: Request["method"];
  /** With its query. */
  readonly path: string;
  readonly body: unknown;
  /** Undefined where no answer came. */
  readonly answer: Answer | undefined;
  readonly seconds: number;
}

export interface ConnectionOptions {
  readonly exchanger: Exchanger;
  readonly authority: Authority;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
  readonly onEnd?: (request: EndedRequest) => void;
}

const versionsAnswer = z.object({
  versions: z
    .array(z.object({ min_version: z.string().optional(), max_version: z.string().optional() }))
    .min(1),
});
const errorAnswer = z.object({
  errors: z.array(z.object({ code: z.string().optional(), detail: z.string().optional() })).min(1),
});

export class Connection {
  readonly #options: ConnectionOptions;
  /** Agreed on with the first request, and anew after one failed: an upgraded server may know more. */
  #minor: Minor | undefined;
  #done = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** How many requests were done (2xx) so far. */
  get done(): number {
    return this.#done;
  }

  /** The answer to a request that was done (2xx), or PlacementError. A token that is not taken is renewed once. */
  async send(
    method: Request["method"],
    path: string,
    { body, signal }: { readonly body?: unknown; readonly signal: AbortSignal },
  ): Promise<Answer> {
    try {
      const answer = await this.#authorised({ method, path, body }, signal);
      if (answer.status < 200 || answer.status >= 300) throw failureOf(answer, `${method} ${path}`);
      this.#done += 1;
      return answer;
    } catch (error) {
      if (error instanceof PlacementError && FORGETS_VERSION.has(error.kind)) this.#minor = undefined;
      throw error;
    }
  }

  /** The same, with what it answers; `schema` is what a caller relies on. */
  async read<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.infer<Schema>> {
    return parseAnswer(schema, await this.send("GET", path, { signal }), `Placement to GET ${path}`);
  }

  /** Whether the server knows microversion 1.N. */
  async knows(minor: Minor, signal: AbortSignal): Promise<boolean> {
    const session = await this.#options.authority.session(signal);
    return (await this.#agreedWith(session, signal)) >= minor;
  }

  async #authorised(
    { method, path, body }: Pick<Request, "method" | "body"> & { readonly path: string },
    signal: AbortSignal,
  ): Promise<Answer> {
    const ask = async (): Promise<{ readonly answer: Answer; readonly session: Session }> => {
      const session = await this.#options.authority.session(signal);
      const minor = await this.#agreedWith(session, signal);
      const headers = { ...session.headers, "openstack-api-version": `placement 1.${minor}` };
      const answer = await this.#counted({ method, url: urlOf(session, path), headers, body }, path, signal);
      return { answer, session };
    };
    const { answer, session } = await ask();
    return answer.status === 401 && this.#options.authority.renew(session) ? (await ask()).answer : answer;
  }

  async #agreedWith(session: Session, signal: AbortSignal): Promise<Minor> {
    if (this.#minor !== undefined) return this.#minor;
    const url = urlOf(session, "/");
    const answer = await this.#counted({ method: "GET", url, headers: session.headers }, "/", signal);
    if (answer.status !== 200) throw failureOf(answer, "GET /");
    const { versions } = parseAnswer(versionsAnswer, answer, `Placement at ${shown(url)}`);
    const { min_version: min = "", max_version: max = "" } = versions[0] ?? {};
    const [least, most] = [minorOf(min), minorOf(max)];
    if (least === undefined || most === undefined)
      throw new PlacementError("bad-answer", `${shown(url)} tells no microversions: ${excerpt(answer.text)}`);
    if (most < LEAST || least > MOST) {
      const message = `Placement at ${shown(url)} speaks microversions ${min} to ${max}, vgpud 1.${LEAST} to 1.${MOST}`;
      throw new PlacementError("version", message);
    }
    this.#minor = Math.min(most, MOST);
    return this.#minor;
  }

  async #counted(request: Request, path: string, signal: AbortSignal): Promise<Answer> {
    const { exchanger, now, onEnd } = this.#options;
    const began = now();
    let answer: Answer | undefined;
    try {
      answer = await exchanger.exchange(request, signal);
      return answer;
    } finally {
      onEnd?.({ method: request.method, path, body: request.body, answer, seconds: (now() - began) / 1000 });
    }
  }
}

const FORGETS_VERSION: ReadonlySet<PlacementFailure> = new Set(["unreachable", "version", "bad-answer"]);

function urlOf({ endpoint }: Session, path: string): URL {
  return new URL(`${endpoint.href.replace(/\/$/, "")}${path}`);
}

function minorOf(version: string): Minor | undefined {
  const [, minor] = /^1\.(\d+)$/.exec(version) ?? [];
  return minor === undefined ? undefined : Number(minor);
}

/** Placement's codes (placement/errors.py) tell failures of one status apart. */
const kindOfCode: ReadonlyMap<string, PlacementFailure> = new Map([
  ["placement.concurrent_update", "conflict"],
  ["placement.inventory.inuse", "in-use"],
  ["placement.resource_provider.inuse", "in-use"],
  ["placement.resource_provider.cannot_delete_parent", "in-use"],
  ["placement.duplicate_name", "duplicate"],
]);

const kindOfStatus: Readonly<Record<number, PlacementFailure | undefined>> = {
  401: "unauthorized",
  403: "unauthorized",
  404: "not-found",
  406: "version",
  408: "failed",
  // Without a code of its own: more than there is was claimed (placement/handlers/allocation.py), or a UUID exists.
  409: "no-capacity",
  429: "failed",
};

function failureOf({ status, text }: Answer, what: string): PlacementError {
  const said = errorIn(text);
  const kind =
    (said?.code !== undefined ? kindOfCode.get(said.code) : undefined) ??
    kindOfStatus[status] ??
    (status >= 500 ? "failed" : status >= 400 ? "refused" : "bad-answer");
  const why = excerpt(sentenceOf(said?.detail ?? text));
  return new PlacementError(
    kind,
    `Placement refuses ${what.replace(/\?.*/, "")} with HTTP ${status}: ${why}`,
    { status },
  );
}

/** Behind what it says of every answer with the status, and an empty line. */
function sentenceOf(detail: string): string {
  const [, sentence = ""] = /^[^\n]*\n\n([^]*)$/.exec(detail) ?? [];
  return sentence.trim() === "" ? detail : sentence;
}

function errorIn(text: string): z.infer<typeof errorAnswer>["errors"][number] | undefined {
  try {
    return errorAnswer.safeParse(JSON.parse(text)).data?.errors[0];
  } catch {
    return undefined;
  }
}
