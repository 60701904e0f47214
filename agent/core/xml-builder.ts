// The one way to XML: a library makes the document, and everything that comes from outside goes through here to it.
import { create, fragment } from "xmlbuilder2";

type Node = ReturnType<typeof create>;
type Attributes = Readonly<Record<string, string>>;

/** A node of a document that is being built. */
export class Builder {
  readonly #node: Node;

  private constructor(node: Node) {
    this.#node = node;
  }

  static root(name: string, attributes: Attributes = {}): Builder {
    return new Builder(create({ encoding: "UTF-8" }).ele(name, literal(attributes)));
  }

  /** Elements without one around them, as they are put into a document that somebody else writes. */
  static fragment(write: (parent: Builder) => void): string {
    const parent = new Builder(fragment());
    write(parent);
    return parent.render();
  }

  /** Adds an element and returns it. */
  ele(name: string, attributes: Attributes = {}): Builder {
    return new Builder(this.#node.ele(name, literal(attributes)));
  }

  /** The same with a name that has a prefix for `namespace`. */
  eleOf(namespace: string, name: string, attributes: Attributes = {}): Builder {
    return new Builder(this.#node.ele(namespace, name).att(literal(attributes)));
  }

  /** Adds text and returns this node. */
  txt(text: string): this {
    this.#node.txt(literalText(text));
    return this;
  }

  /** All of it, without a declaration. */
  render(): string {
    return this.#node.end({ prettyPrint: true, headless: true });
  }
}

/**
 * The library leaves an ampersand as it is where it looks like the begin of an entity: the file `a&#x2f;..&#x2f;b` would
 * reach libvirt as `a/../b`. Escaped before, every text arrives as it was given.
 */
function literalText(text: string): string {
  return text.replaceAll("&", "&amp;");
}

function literal(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, literalText(value)]));
}
