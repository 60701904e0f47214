// What domains' documents say, read once for as long as a document stays the same: a look at hundreds of domains would
// otherwise spend its time on texts that did not change since the last. Pure, but for what is kept.
import type { DomainId } from "../core/ids.ts";
import { readDomainXml, type DomainDefinition } from "./domain-xml.ts";

interface Known {
  readonly xml: string;
  readonly definition: DomainDefinition;
}

export class KnownDefinitions {
  #known = new Map<DomainId, Known>();

  /** As `readDomainXml` reads the document; the same object as long as it is the same text. */
  read(id: DomainId, xml: string): DomainDefinition {
    const known = this.#known.get(id);
    if (known?.xml === xml) return known.definition;
    const definition = readDomainXml(xml);
    this.#known.set(id, { xml, definition });
    return definition;
  }

  /** Forgets the domains that are not among these. */
  keepOnly(ids: readonly DomainId[]): void {
    const kept = new Set(ids);
    this.#known = new Map([...this.#known].filter(([id]) => kept.has(id)));
  }
}
