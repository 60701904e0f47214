// What is wrong with a YAML document's aliases, which its parser does not look at. Pure.
import { isAlias, visit, type Document, type Node } from "yaml";

export interface AliasFault {
  /** Of the first alias at fault, in characters. */
  readonly offset: number;
  readonly what: string;
}

/**
 * The first alias that stands for nothing or for what it stands in, or that brings the text to a size out of all
 * proportion; undefined for a document that has a value in JavaScript, and one without a circle.
 */
export function aliasFault(document: Document.Parsed): AliasFault | undefined {
  const anchored = new Map<string, Node>();
  let first: number | undefined;
  let fault: AliasFault | undefined;
  visit(document, {
    Node: (_key, node, path) => {
      const offset = node.range?.[0] ?? 0;
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchored.set(node.anchor, node);
        return undefined;
      }
      first ??= offset;
      const target = anchored.get(node.source);
      if (target === undefined) fault = { offset, what: `*${node.source} stands for nothing` };
      else if (path.includes(target))
        fault = { offset, what: `*${node.source} stands for what it is part of` };
      return fault && visit.BREAK;
    },
  });
  if (fault !== undefined || first === undefined) return fault;
  try {
    document.toJS();
    return undefined;
  } catch (error) {
    // The parser's own bound on what a short text may unfold to.
    if (error instanceof ReferenceError) return { offset: first, what: "its aliases stand for too much" };
    throw error;
  }
}
