// Writes a message of the contract as the YAML text that contract-yaml.ts reads back: what is at its default is left out. Pure.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { enumWord } from "./enum-words.ts";
import { durationText, DURATION } from "./wire-duration.ts";

/** A message in the form of json.ts, as what YAML is made of. */
export function withoutDefaults(tree: unknown, type: DescMessage): Record<string, unknown> {
  const values = asTree(tree);
  return Object.fromEntries(
    type.fields.flatMap((field) => {
      const value = fieldValue(values[field.name], field);
      return value === undefined ? [] : [[field.name, value]];
    }),
  );
}

/** Undefined for what need not be said. */
function fieldValue(value: unknown, field: DescField): unknown {
  if (value === undefined) return undefined;
  switch (field.fieldKind) {
    case "scalar":
      return field.presence === FeatureSet_FieldPresence.IMPLICIT && isDefault(value) ? undefined : value;
    case "enum":
      return enumWord(field.enum, value);
    case "message":
      return inner(value, field.message);
    case "list":
      return Array.isArray(value) && value.length > 0
        ? value.map((item) => listItem(item, field))
        : undefined;
    case "map":
      return Object.keys(asTree(value)).length > 0 ? value : undefined;
  }
}

function listItem(item: unknown, field: DescField & { readonly fieldKind: "list" }): unknown {
  switch (field.listKind) {
    case "scalar":
      return item;
    case "enum":
      return enumWord(field.enum, item);
    case "message":
      return inner(item, field.message);
  }
}

function inner(value: unknown, type: DescMessage): unknown {
  if (type.typeName !== DURATION) return withoutDefaults(value, type);
  const { seconds, nanos } = asTree(value);
  return durationText({ seconds: Number(seconds), nanos: Number(nanos) });
}

function isDefault(value: unknown): boolean {
  return value === "" || value === 0 || value === false;
}

function asTree(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
