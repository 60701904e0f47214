// The keys that stand twice in one mapping of a YAML document, by their names. Pure.
import { isPair, isScalar, isSeq, visit, type Document, type Node, type Pair, type Scalar } from "yaml";

export interface RepeatedKey {
  /** From the document's top: `metrics.listen`, `gpus[0].address`. */
  readonly path: string;
  /** Of the repetition, in characters. */
  readonly offset: number;
  /** Of the first key of that name, in characters. */
  readonly firstOffset: number;
}

/** In the order of the text; for a document that was parsed without `uniqueKeys`. */
export function repeatedKeys(document: Document.Parsed): readonly RepeatedKey[] {
  const found: RepeatedKey[] = [];
  visit(document, {
    Map: (_key, map, ancestors) => {
      const first = new Map<unknown, Scalar>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const earlier = first.get(key.value);
        if (earlier === undefined) first.set(key.value, key);
        else
          found.push({
            path: below(pathOf([...ancestors, map]), String(key.value)),
            offset: key.range?.[0] ?? 0,
            firstOffset: earlier.range?.[0] ?? 0,
          });
      }
    },
  });
  return found.sort((a, b) => a.offset - b.offset);
}

function pathOf(ancestors: readonly (Document | Node | Pair)[]): string {
  return ancestors.reduce<string>((path, one, index) => {
    if (isPair(one)) return below(path, isScalar(one.key) ? String(one.key.value) : "?");
    return isSeq(one) ? `${path}[${one.items.indexOf(ancestors[index + 1])}]` : path;
  }, "");
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
