// The reference pages that are generated, from the tables that the agent itself works by. Pure.
import { reasons } from "../agent/core/reasons.ts";
import { keys } from "../agent/config/keys.ts";
import { ALLOWLIST } from "../agent/hostd/allowlist.ts";
import { faultsPage } from "./faults-page.ts";
import { page, table } from "./markdown.ts";
import { metricsPage } from "./metrics-page.ts";
import { rawXmlPage } from "./raw-xml-page.ts";
import { configExample, configSchema } from "./config-files.ts";

/** File name below docs/reference to its text. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "metrics.md": metricsPage(),
    "hostd.md": hostdPage(),
    "reasons.md": reasonsPage(),
    "configuration-keys.md": configurationPage(),
    "raw-xml.md": rawXmlPage(),
    "faults.md": faultsPage(),
    "config.schema.json": configSchema(),
    "config.yaml.example": configExample(),
  };
}

function hostdPage(): string {
  const rows = Object.values(ALLOWLIST).map(({ operation, access, path, why }) => [
    operation,
    access,
    `\`/${path}\``,
    why,
  ]);
  return page(
    "What vgpud-hostd may touch",
    "The complete list. `vgpud-hostd` is the only part of vgpud that runs as root; it opens no other file, and each " +
      "operation in a child process of its own.",
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
