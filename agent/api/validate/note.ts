// The words in which somebody says why: of the form of a label's value.
import { invalid } from "./fields.ts";
import { LABEL_VALUE, MAX_LABEL_VALUE_CHARACTERS } from "./forms.ts";

/** May be empty. @throws AgentError FIELD_INVALID */
export function parseNote(note: string, field: string): string {
  if (!LABEL_VALUE.test(note) || Array.from(note).length > MAX_LABEL_VALUE_CHARACTERS)
    throw invalid(field, `must be at most ${MAX_LABEL_VALUE_CHARACTERS} printable characters`);
  return note;
}
