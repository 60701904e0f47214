// Answers as they must be to be acted on: nothing that came over the net is believed to have a form.
import type * as z from "zod";
import { PlacementError } from "./errors.ts";
import type { Answer } from "./exchange.ts";

const SHOWN_CHARACTERS = 120;

/** Throws a PlacementError of kind `bad-answer`. `from` begins its message. */
export function parseAnswer<Schema extends z.ZodType>(
  schema: Schema,
  { text, status }: Pick<Answer, "text" | "status">,
  from: string,
): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const message = `${from} answers ${status} with what is no JSON: ${excerpt(text)}`;
    throw new PlacementError("bad-answer", message, { status, cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue && issue.path.length > 0 ? ` at ${issue.path.join(".")}` : "";
  const message = `${from} answers ${status} with what is not to be expected there${at}: ${excerpt(text)}`;
  throw new PlacementError("bad-answer", message, { status });
}

/** For a message: one line, and not more of it than an eye takes in. */
export function excerpt(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  if (line === "") return "(nothing)";
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
