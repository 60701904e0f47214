// The reference pages that are generated, from the tables that the agent itself works by. Pure.
import { limits, type Limit } from "../agent/api/limits.ts";
import { reasons } from "../agent/core/reasons.ts";
import { formatDurationMs } from "../agent/core/duration.ts";
import { keys } from "../agent/config/keys.ts";
import { ALLOWLIST } from "../agent/hostd/allowlist.ts";
import { diagnosisPage } from "./diagnosis-page.ts";
import { faultsPage } from "./faults-page.ts";
import { page, table } from "./markdown.ts";
import { modesPage } from "./modes-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { rawXmlPage } from "./raw-xml-page.ts";
import { referenceIndex } from "./reference-index.ts";
import { configExample, configSchema } from "./config-files.ts";

/** File name below docs/reference to its text. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "README.md": referenceIndex(),
    "metrics.md": metricsPage(),
    "hostd.md": hostdPage(),
    "reasons.md": reasonsPage(),
    "limits.md": limitsPage(),
    "diagnosis.md": diagnosisPage(),
    "configuration-keys.md": configurationPage(),
    "raw-xml.md": rawXmlPage(),
    "faults.md": faultsPage(),
    "modes.md": modesPage(),
    "config.schema.json": configSchema(),
    "config.yaml.example": configExample(),
  };
}

function hostdPage(): string {
  const rows = Object.values(ALLOWLIST).map(({ operations, access, path, why }) => [
    operations.join(", "),
    access,
    `\`/${path}\``,
    why,
  ]);
  return page(
    "What vgpud-hostd may touch",
    "The complete list. `vgpud-hostd` is the only part of vgpud that runs as root; it opens no other file, and each " +
      "operation in a child process that performs nothing else meanwhile. For engine-ticks hostd itself lists directories, and keeps a " +
      "perf for each GPU that is counted.",
    table(["operation", "access", "file", "why"], rows),
  );
}

function reasonsPage(): string {
  const rows = Object.entries(reasons).map(([reason, kind]) => [`\`${reason}\``, kind]);
  return page(
    "Reasons",
    "Every `ErrorInfo.reason` of domain `vgpud`, with the kind of error it is; each kind is one gRPC status. What they " +
      "mean is said in `proto/vgpud/v1/errors.proto`.",
    table(["reason", "kind"], rows),
  );
}

function limitsPage(): string {
  const rows = Object.values<Limit>(limits).map(({ key, what, value, unit, seen, why }) => [
    what,
    `\`${key}\``,
    amount(value, unit),
    seen,
    why,
  ]);
  return page(
    "Limits of the API",
    "What a client may take, what it sees of the limit, and why the limit is what it is. Each is a key below " +
      "`limits` of the configuration; a change needs a restart. A socket is the admin or the read socket, each with numbers of its own. The transport adds limits " +
      "that are Node.js's: a call with more than some 120 headers is reset (clients of gRPC call that RESOURCE_EXHAUSTED, " +
      "without details), and headers of more than some 128 KiB together end the connection. Pings of a client are " +
      "answered and not counted. The transport keeps a deadline in 32 bits of milliseconds: one that is more than 24 days " +
      "away may be taken for a nearer one.",
    table(["limit on", "key", "value", "what a client sees", "why"], rows),
  );
}

function amount(value: number, unit: Limit["unit"]): string {
  if (unit === "milliseconds") return formatDurationMs(value);
  if (unit !== "bytes") return `${value}`;
  const [kib, mib] = [value / 1024, value / 1024 / 1024];
  return mib >= 1 ? `${mib} MiB` : `${kib} KiB`;
}

function configurationPage(): string {
  const rows = keys.map((key) => [
    `\`${key.path}\``,
    key.flag ? `\`${key.flag}\`` : "",
    key.default === undefined
      ? (key.otherwise ?? "")
      : `\`${JSON.stringify(key.default).replaceAll('"', "")}\``,
    key.takes,
    key.live ? "reload" : "restart",
    key.meaning,
  ]);
  return page(
    "Configuration keys",
    "Every key of the configuration files, with the flag that wins over it and what a change needs to take effect. " +
      "Where the files lie: `configuration.md`. For editors and tests: `config.schema.json`; to start from: " +
      "`config.yaml.example`.",
    table(["key", "flag", "default", "takes", "needs", "meaning"], rows),
  );
}
