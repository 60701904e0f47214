// What the diagnosis found, for people: which modes work, then what stands in the way, worst first.
import { ConditionStatus, Severity, type Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Language } from "../../core/language.ts";
import { printable, type Cell } from "./paint.ts";
import type { Block, Text } from "./text.ts";
import { word } from "./words.ts";

interface Labels {
  readonly works: string;
  readonly fails: string;
  readonly served: string;
  readonly notServed: string;
  /** It would, but makes none as long as somebody keeps the GPU or the host out of service. */
  readonly drained: string;
  readonly notKnown: string;
  readonly seen: string;
  readonly remedy: string;
  readonly absent: string;
  readonly rest: (count: number) => string;
  readonly assumed: (kernel: string) => string;
}

const labels: Readonly<Record<Language, Labels>> = {
  en: {
    works: "yes",
    fails: "no",
    served: "yes",
    notServed: "no",
    drained: "drained",
    notKnown: "unknown",
    seen: "seen",
    remedy: "do",
    absent: "absent",
    rest: (count) =>
      count === 1
        ? "1 more is as it should be or does not apply; --all shows it"
        : `${count} more are as they should be or do not apply; --all shows them`,
    assumed: (kernel) =>
      `This is so with Linux ${kernel}, the latest that this release knows; --kernel names another.`,
  },
  "zh-Hans": {
    works: "可以",
    fails: "不可",
    served: "是",
    notServed: "否",
    drained: "已排空",
    notKnown: "未知",
    seen: "所见",
    remedy: "处理",
    absent: "不存在",
    rest: (count) => `其余 ${count} 项正常或不适用；--all 可全部显示`,
    assumed: (kernel) => `以上针对 Linux ${kernel}，即此版本所知的最新内核；可用 --kernel 指定其他内核。`,
  },
};

interface Looked {
  /** Also what is as it should be. */
  readonly all: boolean;
  readonly language: Language;
  /** What was taken for the kernel since nobody named one; undefined: it is known. */
  readonly kernel: string | undefined;
}

export function diagnosisText(response: DiagnoseResponse, { all, language, kernel }: Looked): Text {
  const { conditions } = response;
  const shown = all ? conditions : conditions.filter(isNews);
  const told = shown
    .toSorted((a, b) => rank(a) - rank(b))
    .map((each) => conditionBlock(each, labels[language]));
  const rest = conditions.length - shown.length;
  const last: Block[] = rest > 0 ? [{ kind: "lines", lines: [labels[language].rest(rest)] }] : [];
  const assumed: Block[] =
    kernel === undefined ? [] : [{ kind: "lines", lines: [labels[language].assumed(kernel)] }];
  return [...verdictTable(response, labels[language]), ...assumed, ...told, ...last];
}

function isNews({ status }: Condition): boolean {
  return status === ConditionStatus.FAIL || status === ConditionStatus.UNKNOWN;
}

function verdictTable({ verdicts, conditions }: DiagnoseResponse, said: Labels): Block[] {
  // Of the host, or of that GPU: what is not known of one is known of another.
  const isNotKnown = (of: string, why: string): boolean =>
    conditions.some(
      ({ reason, gpu, status }) =>
        reason === why && (gpu === "" || gpu === of) && status === ConditionStatus.UNKNOWN,
    );
  const possible = (available: boolean, gpu: string, reason: string): Cell => {
    if (available) return { text: said.works, style: "good" };
    return isNotKnown(gpu, reason)
      ? { text: said.notKnown, style: "warn" }
      : { text: said.fails, style: "bad" };
  };
  const rows = verdicts.flatMap(({ gpu, modes }) => {
    const drain = drainOf(gpu, conditions);
    const made: Cell = drain ? { text: said.drained, style: "warn" } : said.served;
    return modes.map(({ mode, backend, available, reason, served }) => [
      gpu,
      word(mode, "MODE"),
      word(backend, "BACKEND"),
      possible(available, gpu, reason),
      // Of what is not possible it would be a promise.
      available ? (served ? made : said.notServed) : undefined,
      available && served && drain ? drain.reason : reason,
    ]);
  });
  if (rows.length === 0) return [];
  const columns = ["GPU", "MODE", "BACKEND", "POSSIBLE", "VGPUD MAKES IT", "REASON"].map((title) => ({
    title,
  }));
  return [{ kind: "table", columns, rows }];
}

/** By which no vGPU is made on the GPU although it could be. */
function drainOf(gpu: string, conditions: readonly Condition[]): Condition | undefined {
  return conditions.find(
    ({ reason, gpu: of }) => reason === "HOST_DRAINED" || (reason === "GPU_DRAINED" && of === gpu),
  );
}

function conditionBlock(condition: Condition, { seen, remedy, absent }: Labels): Block {
  const { reason, gpu, message, evidence } = condition;
  const lines = [
    `${tagOf(condition).padEnd(TAG_WIDTH)}${reason}${gpu === "" ? "" : `  ${gpu}`}`,
    `  ${printable(message)}`,
    ...(isNews(condition)
      ? evidence.map(
          ({ path, value }) =>
            `  ${seen}: ${printable(path)}${value === "" ? ` (${absent})` : `: ${short(printable(value))}`}`,
        )
      : []),
    ...(condition.remedy === "" ? [] : [`  ${remedy}: ${printable(condition.remedy)}`]),
  ];
  return { kind: "lines", lines };
}

/** What is longer tells a person nothing more; `-o json` has it. */
const MAX_VALUE = 300;

function short(value: string): string {
  return value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;
}

const TAG_WIDTH = 9;

function tagOf({ status, severity }: Condition): string {
  if (status === ConditionStatus.PASS) return "OK";
  if (status === ConditionStatus.UNKNOWN) return "UNKNOWN";
  if (status !== ConditionStatus.FAIL) return "-";
  if (severity === Severity.ERROR) return "ERROR";
  return severity === Severity.WARNING ? "WARNING" : "INFO";
}

const order = ["ERROR", "WARNING", "UNKNOWN", "INFO", "OK", "-"];

function rank(condition: Condition): number {
  return order.indexOf(tagOf(condition));
}
