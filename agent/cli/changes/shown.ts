// What `watch` and `events` share: they follow the same stream and differ in what they write of it.
import { ResourceKind, type WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import type { Vgpud } from "../client/vgpud.ts";
import type { Answer, Operand } from "../command.ts";
import type { Environment } from "../environment.ts";
import { usageError } from "../errors/cli-error.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { Arguments } from "../line/arguments.ts";
import { offerWords } from "../request/create-words.ts";
import { endedQuietly } from "../terminal/watch.ts";
import { follow } from "./follow.ts";
import { Mirror, type Told } from "./mirror.ts";

const kinds: Readonly<Record<string, ResourceKind>> = {
  host: ResourceKind.HOST,
  gpu: ResourceKind.GPU,
  vgpu: ResourceKind.VGPU,
  domain: ResourceKind.DOMAIN,
  reservation: ResourceKind.RESERVATION,
  operation: ResourceKind.OPERATION,
};

export const kindsOperand: Operand = {
  name: "KIND",
  required: false,
  many: true,
  help: `only these: ${Object.keys(kinds).join(", ")}`,
  field: "kinds",
  offer: offerWords(kinds),
};

/** An item of the stream, and what of it is new to the reader. */
export type Write = (item: WatchResponse, told: readonly Told[]) => void | Promise<void>;

/** @throws CliError also when it was interrupted, which is how it ends */
export async function showChanges(
  args: Arguments,
  vgpud: Vgpud,
  { clock, signal, note, write }: Environment,
  show: (write: (line: string) => void) => Write,
): Promise<Answer> {
  const asked = args.operands.map(kindOf);
  const mirror = new Mirror();
  const stream = follow({
    open: (resumeToken) => vgpud.watch({ resumeToken, kinds: asked }),
    onOpen: (anew) => {
      mirror.begin(anew);
    },
    say: note,
    ...{ clock, signal },
  });
  const shown = show((line) => {
    write(`${line}\n`);
  });
  const following = async (): Promise<void> => {
    for await (const item of stream) await shown(item, mirror.take(item));
  };
  await endedQuietly(following());
  return { json: {}, text: [], shown: true };
}

function kindOf(text: string): ResourceKind {
  // Lists are called after many of a kind.
  const words = Object.keys(kinds);
  const word = words.find((each) => text === each || text === `${each}s`);
  if (word !== undefined && kinds[word] !== undefined) return kinds[word];
  throw usageError(`KIND is one of ${words.join(", ")}, not '${text}'`, didYouMean(text, words));
}
