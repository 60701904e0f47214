// The marks of domains, with what is done to them told as crash points: a new call of theirs does not compile without.
import type { OnPoint } from "./crash-points.ts";
import type { DomainMarks } from "./ports.ts";

export function toldMarks(marks: DomainMarks, onPoint: OnPoint): DomainMarks {
  const told = async (call: keyof DomainMarks, done: () => Promise<void>): Promise<void> => {
    onPoint(`before ${call}-domain`);
    await done();
    onPoint(`after ${call}-domain`);
  };
  return {
    mark: (id, mark, signal) => told("mark", () => marks.mark(id, mark, signal)),
    unmark: (id, signal) => told("unmark", () => marks.unmark(id, signal)),
  };
}
