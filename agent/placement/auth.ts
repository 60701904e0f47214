// Who asks: nobody in particular (Placement's noauth2), or the owner of an application credential that Keystone knows.
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { PlacementError } from "./errors.ts";
import { shown, type Answer, type Exchanger } from "./exchange.ts";
import { parseAnswer } from "./parse.ts";
import { isPlaintext } from "./plaintext.ts";

/** How requests are allowed, and where they go. */
export interface Session {
  /** Headers that say who asks. */
  readonly headers: Readonly<Record<string, string>>;
  /** Placement's address, without a slash at its end. */
  readonly endpoint: URL;
}

export interface Authority {
  /** Throws a PlacementError. */
  session(signal: AbortSignal): Promise<Session>;
  /** The session is not taken any more: another is given out from now on. Whether there can be another. */
  renew(session: Session): boolean;
}

/** For a Placement that believes everybody (`auth_strategy = noauth2`): the token is the role. */
export function noauth(endpoint: URL): Authority {
  const session = { headers: { "x-auth-token": "admin" }, endpoint };
  return { session: () => Promise.resolve(session), renew: () => false };
}

export interface KeystoneOptions {
  readonly exchanger: Exchanger;
  /** Keystone's address with its version, as `https://keystone.example:5000/v3`. */
  readonly authUrl: URL;
  readonly credentialId: string;
  /** Read anew for every token, so that a changed secret needs no restart. */
  readonly secret: () => Promise<string>;
  /** How long the secret is waited for, milliseconds: its disk may be away. */
  readonly timeoutMs: number;
  /** Placement's address; undefined: as Keystone's catalogue says. */
  readonly endpoint: URL | undefined;
  /** Which of the catalogue's endpoints. */
  readonly region: string | undefined;
  readonly interface: "public" | "internal" | "admin";
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** One that was withdrawn Keystone does not find, and names (404); whatever else answers at a wrong address knows none. */
function isRefusal({ status, text }: Answer, credentialId: string): boolean {
  return status === 401 || status === 403 || (status === 404 && text.includes(credentialId));
}

function encrypted(url: URL, wanted: string): URL {
  if (!isPlaintext(url)) return url;
  const message =
    `Keystone's catalogue has ${shown(url)} as the ${wanted} endpoint of Placement, where everybody on the way could read the token: ` +
    "name another interface or, as endpoint, another address";
  throw new PlacementError("bad-answer", message);
}

/** Before its end a token is not used any more, so that it does not end on its way. */
const MARGIN_MS = 60_000;

const tokenAnswer = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
              url: z.url(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});
type Token = z.infer<typeof tokenAnswer>["token"];

/** One token at a time, for as long as it lasts (docs.openstack.org/api-ref/identity/v3, "Authenticating with an Application Credential"). */
export class Keystone implements Authority {
  readonly #options: KeystoneOptions;
  /** One for all who wait: a reading that hangs keeps a thread, which must not be one for each token. */
  #reading: Promise<string> | undefined;
  #kept: { readonly session: Session; readonly endsAt: number } | undefined;

  constructor(options: KeystoneOptions) {
    this.#options = options;
  }

  async session(signal: AbortSignal): Promise<Session> {
    const { wall } = this.#options;
    if (this.#kept && wall() < this.#kept.endsAt - MARGIN_MS) return this.#kept.session;
    const { id, token } = await this.#newToken(signal);
    // A catalogue that does not serve is not kept: it comes with a token only, and one that was mended would be seen at the token's end.
    const session = { headers: { "x-auth-token": id }, endpoint: this.#endpointIn(token) };
    this.#kept = { session, endsAt: Date.parse(token.expires_at) };
    return session;
  }

  renew(session: Session): boolean {
    // Of those who were refused together one comes first.
    if (this.#kept?.session === session) this.#kept = undefined;
    return true;
  }

  async #newToken(signal: AbortSignal): Promise<{ readonly id: string; readonly token: Token }> {
    const { exchanger, authUrl, credentialId } = this.#options;
    const url = new URL(`${authUrl.href.replace(/\/$/, "")}/auth/tokens`);
    const credential = { id: credentialId, secret: await this.#secret(signal) };
    const body = {
      auth: { identity: { methods: ["application_credential"], application_credential: credential } },
    };
    const answer = await exchanger.exchange({ method: "POST", url, headers: {}, body }, signal);
    const { status } = answer;
    if (status !== 201) {
      // Its text is not told: what Keystone says of a credential belongs in its own log.
      const kind = isRefusal(answer, credentialId) ? "unauthorized" : status >= 500 ? "failed" : "bad-answer";
      const message = `Keystone at ${shown(url)} gives no token for application credential ${credentialId} (HTTP ${status})`;
      throw new PlacementError(kind, message, { status });
    }
    const id = answer.headers.get("x-subject-token");
    if (id === undefined)
      throw new PlacementError("bad-answer", `Keystone at ${shown(url)} answers without X-Subject-Token`);
    return { id, ...parseAnswer(tokenAnswer, answer, `Keystone at ${shown(url)}`) };
  }

  async #secret(signal: AbortSignal): Promise<string> {
    const { secret, credentialId, timeoutMs } = this.#options;
    this.#reading ??= secret().finally(() => {
      this.#reading = undefined;
    });
    const waited = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: AbortSignal.any([signal, waited.signal]) });
    try {
      const read = await Promise.race([this.#reading, late]);
      if (read !== undefined) return read;
      throw new Error(`its file has not been read within ${timeoutMs} ms`);
    } catch (cause) {
      signal.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the secret of application credential ${credentialId} cannot be read: ${why}`;
      throw new PlacementError("no-secret", message, { cause });
    } finally {
      waited.abort();
    }
  }

  #endpointIn({ catalog }: Token): URL {
    const { endpoint, region, interface: wanted, authUrl } = this.#options;
    if (endpoint) return endpoint;
    const found = catalog
      .filter(({ type }) => type === "placement")
      .flatMap(({ endpoints }) => endpoints)
      .find(
        (each) =>
          each.interface === wanted &&
          (region === undefined || each.region_id === region || each.region === region),
      );
    if (found) return encrypted(new URL(found.url), wanted);
    const where = region === undefined ? "" : ` in region ${region}`;
    const message = `the catalogue of Keystone at ${shown(authUrl)} has no ${wanted} endpoint of Placement${where}`;
    throw new PlacementError("bad-answer", message);
  }
}
