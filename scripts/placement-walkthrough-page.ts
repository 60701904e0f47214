// docs/reference/placement-walkthrough.md, from the requests that a test has seen between an agent, a caller and a real Placement. Pure.
import { page } from "./markdown.ts";

/** Of one step: what was asked of Placement, in this order. */
export interface WalkthroughStep {
  /** What happened, as a heading. */
  readonly step: string;
  readonly requests: readonly WalkthroughRequest[];
}

export interface WalkthroughRequest {
  readonly method: string;
  readonly path: string;
  /** Undefined: none. */
  readonly body?: unknown;
  readonly status: number;
  /** Undefined: none. */
  readonly answer?: unknown;
}

/** Answers are long where a tree is listed; what matters stands at their begin. */
const SHOWN = 900;

const INTRODUCTION = `Every request that was sent to OpenStack Placement 8.0.0 (Debian 12) in one run of a simulated host with one GPU, by vgpud
and by a caller that has no Nova, in their order, with headers left out (\`X-Auth-Token\`, \`OpenStack-API-Version: placement 1.39\`).
UUIDs are replaced by what they are of. A test makes the run anew and fails when anything else is sent. What it means:
[placement.md](../placement.md).`;

export function placementWalkthroughPage(steps: readonly WalkthroughStep[]): string {
  const total = steps.reduce((sum, { requests }) => sum + requests.length, 0);
  const parts = steps.map(({ step, requests }) => {
    const text = requests.length === 0 ? "Nothing is sent." : requests.map(requestText).join("\n\n");
    return `## ${step}\n\n${text}`;
  });
  return page("Placement, request by request", `${INTRODUCTION}\n\n${total} requests.`, parts.join("\n\n"));
}

function requestText({ method, path, body, status, answer }: WalkthroughRequest): string {
  const sent = body === undefined ? [] : [shown(body)];
  const got = answer === undefined ? [] : [shown(answer)];
  return ["```", `${method} ${path}`, ...sent, `→ ${status}`, ...got, "```"].join("\n");
}

function shown(json: unknown): string {
  const text = JSON.stringify(json);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
