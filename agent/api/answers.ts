// Answers to reads, kept as they go over the wire for as long as nothing they are made from has changed: a scheduler that
// asks again and again costs one answer. Pure, but for what is kept.

/** Whether an answer follows from the request and from `basisOf` in context.ts alone. */
type Rule = (request: unknown) => boolean;

const always: Rule = () => true;
/** What domains use changes without anything that is looked at having changed. */
const withoutUsage: Rule = (request) =>
  !(typeof request === "object" && request !== null && "withUsage" in request && request.withUsage === true);

/** A method that is not named is answered anew each time. */
const KEPT: ReadonlyMap<string, Rule> = new Map([
  ["/vgpud.v1.HostService/GetHost", always],
  ["/vgpud.v1.GpuService/ListGpus", always],
  ["/vgpud.v1.GpuService/GetGpu", always],
  ["/vgpud.v1.GpuService/Plan", always],
  ["/vgpud.v1.VgpuService/ListVgpus", always],
  ["/vgpud.v1.VgpuService/GetVgpu", always],
  ["/vgpud.v1.DomainService/GetDomain", withoutUsage],
  ["/vgpud.v1.DomainService/ListDomains", withoutUsage],
]);

/** A request that is longer is hardly asked twice. */
const MAX_REQUEST_BYTES = 256;
/** Of all kept answers together. */
const MAX_BYTES = 1024 * 1024;

/** The place of one request's answer. */
export interface AnswerPlace {
  /** Undefined when it has to be made. */
  readonly bytes: Buffer | undefined;
  /** To be told of the answer that was made to the decoded request; not kept when something changed meanwhile. */
  readonly keep: (bytes: Buffer, decoded: unknown) => void;
}

export class Answers {
  readonly #basis: () => readonly unknown[];
  /** What the kept answers are made from. */
  #madeFrom: readonly unknown[] = [];
  #kept = new Map<string, Buffer>();
  #bytes = 0;

  /** `basis`: values that are identical for as long as answers stay the same. */
  constructor(basis: () => readonly unknown[]) {
    this.#basis = basis;
  }

  /** Undefined for a method or a request whose answers are not kept. */
  placeOf(path: string, request: Buffer): AnswerPlace | undefined {
    const rule = KEPT.get(path);
    if (rule === undefined || request.length > MAX_REQUEST_BYTES) return undefined;
    const basis = this.#basis();
    if (!isSame(basis, this.#madeFrom)) this.#forget(basis);
    const key = `${path} ${request.toString("latin1")}`;
    return {
      bytes: this.#kept.get(key),
      keep: (bytes, decoded) => {
        if (rule(decoded) && isSame(basis, this.#madeFrom) && isSame(basis, this.#basis()))
          this.#keep(key, bytes);
      },
    };
  }

  #forget(basis: readonly unknown[]): void {
    this.#madeFrom = basis;
    this.#kept = new Map();
    this.#bytes = 0;
  }

  #keep(key: string, bytes: Buffer): void {
    if (this.#kept.has(key) || bytes.length > MAX_BYTES) return;
    if (this.#bytes + bytes.length > MAX_BYTES) this.#forget(this.#madeFrom);
    this.#kept.set(key, bytes);
    this.#bytes += bytes.length;
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
