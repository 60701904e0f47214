// Holds a document against the list of what is allowed, and finds in it what has to be checked on this host.
import { allowed, refusals, type Allowed, type Reference, type Value } from "./allowed.ts";
import { childOf, type XmlElement } from "./xml-element.ts";

/** Something that is not allowed. */
export interface Refusal {
  /** As `/domain/devices/hostdev[1]` or `/domain/os/type/@machine`. */
  readonly path: string;
  /** Completes "<path> …". */
  readonly why: string;
}

interface Place {
  /** Names only, as the list has them. */
  readonly key: string;
  /** With numbers, as a person finds it. */
  readonly path: string;
}

export function refusalsOf(root: XmlElement): Refusal[] {
  return elementRefusals(root, { key: root.name, path: `/${root.name}` });
}

function elementRefusals(element: XmlElement, { key, path }: Place): Refusal[] {
  const rule = allowed.get(key);
  if (!rule) return [{ path, why: `is not allowed: ${refusals.get(key) ?? "it is not on the list"}` }];
  return [
    ...attributeRefusals(element, rule, path),
    ...textRefusals(element, rule, path),
    ...structureRefusals(element, key, path),
    ...placesOf(element, { key, path }).flatMap(({ child, place }) => elementRefusals(child, place)),
  ];
}

function attributeRefusals({ attributes }: XmlElement, rule: Allowed, path: string): Refusal[] {
  const given = Object.entries(attributes).flatMap(([name, value]): Refusal[] => {
    const form = Object.hasOwn(rule.attributes ?? {}, name) ? rule.attributes?.[name] : undefined;
    if (!form) return [{ path: `${path}/@${name}`, why: "is not allowed: it is not on the list" }];
    return matches(form, value) ? [] : [{ path: `${path}/@${name}`, why: badValue(form) }];
  });
  const missing = (rule.required ?? []).filter((name) => !Object.hasOwn(attributes, name));
  return [...given, ...missing.map((name) => ({ path: `${path}/@${name}`, why: "is required" }))];
}

function textRefusals({ text }: XmlElement, { text: form }: Allowed, path: string): Refusal[] {
  if (!form) return text === "" ? [] : [{ path, why: "takes no text" }];
  if (Array.isArray(form) && text === "") return [];
  return matches(form, text) ? [] : [{ path, why: badValue(form) }];
}

/** What one element of a document says about another. */
function structureRefusals(element: XmlElement, key: string, path: string): Refusal[] {
  const names = element.children.map(({ name }) => name);
  const repeated = names.filter(
    (name, index) => names.indexOf(name) < index && allowed.get(`${key}/${name}`)?.many !== true,
  );
  const twice = [...new Set(repeated)].map((name) => ({
    path: `${path}/${name}[2]`,
    why: "stands there twice",
  }));
  return [...twice, ...sourceRefusals(element, key, path)];
}

/** Which attribute names the source is said by the type: another one would be passed by unchecked, or be ignored. */
function sourceRefusals(element: XmlElement, key: string, path: string): Refusal[] {
  const type = element.attributes["type"] ?? "";
  const name = sourceNames[key]?.[type];
  if (name === undefined) return [];
  const source = childOf(element, "source");
  if (key === "domain/devices/disk" && !childOf(element, "driver"))
    return [{ path, why: "needs a <driver> that says its format" }];
  if (!source && element.attributes["device"] === "cdrom") return [];
  const given = Object.keys(source?.attributes ?? {});
  if (given.length === 1 && given[0] === name) return [];
  return [{ path, why: `of type ${type} needs a <source> with ${name} and nothing else` }];
}

const sourceNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "domain/devices/disk": { file: "file", block: "dev" },
  "domain/devices/interface": { network: "network", bridge: "bridge" },
};

/** A reference to something of this host. */
export interface Referred {
  readonly kind: Reference;
  readonly value: string;
  readonly path: string;
  /** The device, for what else it says about the reference. */
  readonly within: XmlElement;
}

/** Every reference in a document that has no refusals, in order. */
export function referencesOf(root: XmlElement): Referred[] {
  return visit(root, { place: { key: root.name, path: `/${root.name}` }, within: root });
}

function visit(element: XmlElement, at: { readonly place: Place; readonly within: XmlElement }): Referred[] {
  const { place, within } = at;
  const rule = allowed.get(place.key);
  const own = Object.entries(element.attributes).map(([name, value]) => ({
    form: rule?.attributes?.[name],
    value,
    path: `${place.path}/@${name}`,
  }));
  const all = [...own, { form: rule?.text, value: element.text, path: place.path }];
  const found = all.flatMap(({ form, value, path }) => {
    const kind = form && referenceOf(form);
    return kind === undefined ? [] : [{ kind, value, path, within }];
  });
  const below = placesOf(element, place).flatMap(({ child, place: childPlace }) =>
    visit(child, { place: childPlace, within: place.key === "domain/devices" ? child : within }),
  );
  return [...found, ...below];
}

/** The same tree with other values where `value` gives one for a reference's path. */
export function withReferences(root: XmlElement, values: ReadonlyMap<string, string>): XmlElement {
  return replaced(root, { key: root.name, path: `/${root.name}` }, values);
}

function replaced(element: XmlElement, place: Place, values: ReadonlyMap<string, string>): XmlElement {
  const { attributes, text } = element;
  return {
    name: element.name,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [
        name,
        values.get(`${place.path}/@${name}`) ?? value,
      ]),
    ),
    text: values.get(place.path) ?? text,
    children: placesOf(element, place).map(({ child, place: at }) => replaced(child, at, values)),
  };
}

/** Devices are numbered always, other elements where there are several. */
function placesOf(parent: XmlElement, { key, path }: Place): { child: XmlElement; place: Place }[] {
  const seen = new Map<string, number>();
  return parent.children.map((child) => {
    const number = (seen.get(child.name) ?? 0) + 1;
    seen.set(child.name, number);
    const several =
      key === "domain/devices" || parent.children.filter(({ name }) => name === child.name).length > 1;
    const shown = several ? `${child.name}[${number}]` : child.name;
    return { child, place: { key: `${key}/${child.name}`, path: `${path}/${shown}` } };
  });
}

function matches(form: Value, value: string): boolean {
  if (form instanceof RegExp) return form.test(value);
  // Looked at on this host later; of its own it only has to be one line.
  if ("refersTo" in form) return /^[^\x00-\x1f\x7f]{1,4096}$/.test(value);
  return form.includes(value);
}

function referenceOf(form: Value): Reference | undefined {
  return !(form instanceof RegExp) && "refersTo" in form ? form.refersTo : undefined;
}

function badValue(form: Value): string {
  if (form instanceof RegExp || "refersTo" in form) return "has a value that is not allowed";
  return `must be ${form.join(" or ")}`;
}
