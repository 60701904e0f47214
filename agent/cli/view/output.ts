// The formats of an answer, and an answer in one of them.
import type { Answer, Command } from "../command.ts";
import type { Arguments } from "../line/arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import { compactDocument, document, jsonDocument } from "./json.ts";
import { printable, type Paint } from "./paint.ts";
import { layOut } from "./text.ts";

export const formats = ["table", "wide", "json", "yaml", "name", "request"] as const;
export type Format = (typeof formats)[number];

/** In these a document tells everything, errors too, and nothing is told beside it. */
export type DocumentFormat = Extract<Format, "json" | "yaml">;

export function isDocument(format: string | undefined): format is DocumentFormat {
  return format === "json" || format === "yaml";
}

/** The formats that a command has. */
function formatsOf(command: Command): readonly Format[] {
  if (command.kind === "live") return command.documents ? ["table", "json", "yaml"] : ["table"];
  const { forms = {} } = command;
  return formats.filter(
    (format) => (format !== "name" && format !== "request") || forms[format] !== undefined,
  );
}

/** @throws CliError for a format that there is not, or not here */
export function readFormat(args: Arguments, command: Command): Format {
  const has = formatsOf(command);
  const elsewhere = formats.find((format) => format === args.text("output") && !has.includes(format));
  if (elsewhere !== undefined)
    throw usageError(`${command.name} has no output '${elsewhere}': it has ${has.join(", ")}`);
  return args.choice("output", Object.fromEntries(has.map((name) => [name, name]))) ?? "table";
}

export interface Style {
  readonly paint: Paint;
  /** Whether tables have their head. */
  readonly headers: boolean;
}

/** Of `-o request` see request-text.ts. */
export async function answerText(
  answer: Answer,
  format: Exclude<Format, "request">,
  style: Style,
): Promise<string> {
  switch (format) {
    case "table":
    case "wide":
      return layOut(answer.text, { ...style, wide: format === "wide" });
    case "name":
      return (answer.names ?? []).map((name) => `${printable(name)}\n`).join("");
    case "json":
    case "yaml":
      return documentText(answer.json, format);
  }
}

export async function documentText(
  body: Readonly<Record<string, unknown>>,
  format: DocumentFormat,
): Promise<string> {
  if (format === "json") return jsonDocument(body);
  const { yamlText } = await import("./yaml-text.ts");
  return yamlText(document(body));
}

/** One document of many, as a watch writes them: JSON on a line of its own, YAML after a line of dashes. */
export async function streamedText(
  body: Readonly<Record<string, unknown>>,
  format: DocumentFormat,
): Promise<string> {
  return format === "json" ? compactDocument(body) : `---\n${await documentText(body, format)}`;
}
