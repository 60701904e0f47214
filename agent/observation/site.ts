// What the HTTP listener serves: paths and the pages behind them, told apart by what a page costs. Pure.

export interface PageRequest {
  /** The Accept header as sent. */
  readonly accept: string | undefined;
  readonly query: URLSearchParams;
}

export interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Page {
  /** Whether making it takes enough to be bounded in number and time; probes of health never wait for such pages. */
  readonly costly: boolean;
  readonly answer: (request: PageRequest) => PageAnswer | Promise<PageAnswer>;
}

/** Every path that is served. */
export type Site = ReadonlyMap<string, Page>;

const PLAIN = "text/plain; charset=utf-8";

export interface SiteParts {
  /** One scrape, in the format that the Accept header prefers. */
  readonly scrape: (
    accept: string | undefined,
  ) => Promise<{ readonly contentType: string; readonly body: string }>;
  /** The status page. */
  readonly status: (query: URLSearchParams) => PageAnswer;
  /** Why the agent is not ready, in words; undefined when it is. */
  readonly whyNotReady: () => string | undefined;
}

export function siteOf({ scrape, status, whyNotReady }: SiteParts): Site {
  return new Map<string, Page>([
    ["/", { costly: true, answer: ({ query }) => status(query) }],
    [
      "/metrics",
      { costly: true, answer: async ({ accept }) => ({ status: 200, ...(await scrape(accept)) }) },
    ],
    ["/healthz", { costly: false, answer: () => plain(200, "ok\n") }],
    [
      "/readyz",
      {
        costly: false,
        answer: () => {
          const why = whyNotReady();
          return why === undefined ? plain(200, "ready\n") : plain(503, `not ready: ${why}\n`);
        },
      },
    ],
  ]);
}

export function plain(status: number, body: string, headers: PageAnswer["headers"] = {}): PageAnswer {
  return { status, contentType: PLAIN, body, headers };
}
