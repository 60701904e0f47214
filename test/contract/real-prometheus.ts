// A real Prometheus of our own on loopback, with the shipped rules, that scrapes vgpuds.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { until } from "../e2e/harness/until.ts";
import { HeldPort } from "../fakes/held-port.ts";

const answerSchema = z.object({
  data: z.object({
    resultType: z.string(),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      }),
    ),
  }),
});
const rules = fileURLToPath(new URL("../../../docs/monitoring/", import.meta.url));

const alertsSchema = z.looseObject({
  groups: z.array(
    z.looseObject({ rules: z.array(z.looseObject({ alert: z.string(), for: z.string().optional() })) }),
  ),
});

export interface Scraping {
  /** `HOST:PORT` of each vgpud that is scraped; `instance`, where it is to be called otherwise. */
  readonly targets: readonly { readonly address: string; readonly instance?: string }[];
  /** Between scrapes, and between looks at the rules. Default 1. */
  readonly everySeconds?: number;
  /** What alerts of these names wait for in the place of what is shipped. */
  readonly alertsAfter?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class RealPrometheus implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: HeldPort;
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: HeldPort, child: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.url = `http://127.0.0.1:${port.port}`;
    this.#child = child;
  }

  /** Resolves after the first scrape. */
  static async start(scraping: Scraping): Promise<RealPrometheus> {
    const folder = await mkdtemp(path.join(tmpdir(), "prometheus-"));
    const configuration = path.join(folder, "prometheus.yml");
    const alerts = path.join(folder, "alerts.yaml");
    await writeFile(alerts, await alertsText(scraping.alertsAfter ?? {}));
    // JSON is YAML.
    await writeFile(configuration, JSON.stringify(configurationOf(scraping, alerts)));
    const port = await HeldPort.hold();
    const words = [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${path.join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port.port}`,
      "--log.level=error",
    ];
    const child = spawn("prometheus", words, { stdio: ["ignore", "ignore", "inherit"] });
    const started = new RealPrometheus(folder, port, child);
    await started.scraped(1);
    return started;
  }

  /** Resolves when so many more scrapes have succeeded, and the rules have seen them. */
  async scraped(more: number): Promise<void> {
    const count = async (): Promise<number> => {
      const [found] = await this.query("sum(sum_over_time(up[10m]))").catch(() => []);
      return found?.value ?? 0;
    };
    const wanted = (await count()) + more;
    await until(`${more} scrapes`, async () => (await count()) >= wanted);
  }

  async query(expression: string): Promise<readonly Answered[]> {
    const response = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const body = await response.text();
    if (!response.ok) throw new Error(`Prometheus refused ${expression}: ${body}`);
    const { result } = answerSchema.parse(JSON.parse(body)).data;
    return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    if (this.#child.exitCode === null && this.#child.kill("SIGTERM")) await ended;
    await this.#port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function configurationOf({ targets, everySeconds = 1 }: Scraping, alerts: string): unknown {
  const every = `${everySeconds}s`;
  return {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: [path.join(rules, "recording-rules.yaml"), alerts],
    scrape_configs: [
      {
        job_name: "vgpud",
        static_configs: targets.map(({ address, instance }) => ({
          targets: [address],
          ...(instance === undefined ? {} : { labels: { instance } }),
        })),
      },
    ],
  };
}

/** As shipped but for how long some wait before they fire. */
async function alertsText(after: NonNullable<Scraping["alertsAfter"]>): Promise<string> {
  const shipped = alertsSchema.parse(parse(await readFile(path.join(rules, "alerts.yaml"), "utf8")));
  const all = shipped.groups.flatMap((group) => group.rules);
  for (const [name, wait] of Object.entries(after)) {
    const rule = all.find(({ alert }) => alert === name);
    if (rule === undefined) throw new Error(`no alert ${name} is shipped`);
    rule.for = wait;
  }
  return JSON.stringify(shipped);
}
