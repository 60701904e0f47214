// A real Prometheus of our own on loopback, with the shipped rules, that scrapes one vgpud every second.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
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

export interface Answered {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class RealPrometheus implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: HeldPort;
  readonly #url: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: HeldPort, child: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#url = `http://127.0.0.1:${port.port}`;
    this.#child = child;
  }

  /** `target` is the URL of /metrics. */
  static async start(target: string): Promise<RealPrometheus> {
    const folder = await mkdtemp(path.join(tmpdir(), "prometheus-"));
    const configuration = path.join(folder, "prometheus.yml");
    // JSON is YAML.
    const text = JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [path.join(rules, "recording-rules.yaml"), path.join(rules, "alerts.yaml")],
      scrape_configs: [{ job_name: "vgpud", static_configs: [{ targets: [new URL(target).host] }] }],
    });
    await writeFile(configuration, text);
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
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`);
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
