// Messages of the contract with every field set, as trees that `fromJSON` takes: for tests that must not forget a field.
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";

type Tree = Readonly<Record<string, unknown>>;

/** As many as it takes for each member of each oneof to be in one of them. */
export function fullTrees(type: DescMessage): readonly Tree[] {
  return Array.from({ length: variants(type) }, (_, turn) => tree(type, turn));
}

/** The members of the largest oneof anywhere below. */
function variants(type: DescMessage): number {
  const inner = type.fields.flatMap((field) => {
    const message = messageOf(field);
    return message ? [variants(message)] : [];
  });
  return Math.max(1, ...type.oneofs.map(({ fields }) => fields.length), ...inner);
}

function tree(type: DescMessage, turn: number): Tree {
  const fields = type.fields.filter(({ oneof }) => oneof === undefined);
  const chosen = type.oneofs.map((group) => group.fields[turn % group.fields.length]);
  const all = [...fields, ...chosen.filter((field) => field !== undefined)];
  return Object.fromEntries(all.map((field) => [field.name, value(field, turn)]));
}

function value(field: DescField, turn: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return field.enum.values.at(-1)?.name;
    case "message":
      return message(field.message, turn);
    case "map":
      return { "Some.Key": "text" };
    case "list":
      return [item(field, turn)];
  }
}

function item(field: DescField & { readonly fieldKind: "list" }, turn: number): unknown {
  switch (field.listKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return field.enum.values.at(-1)?.name;
    case "message":
      return message(field.message, turn);
  }
}

function message(type: DescMessage, turn: number): unknown {
  switch (type.typeName) {
    case "google.protobuf.Timestamp":
      return "2026-03-01T12:00:00.250Z";
    case "google.protobuf.Duration":
      return { seconds: "90", nanos: 500_000_000 };
    default:
      return tree(type, turn);
  }
}

function scalar(type: ScalarType): unknown {
  if (type === ScalarType.STRING) return "text";
  if (type === ScalarType.BOOL) return true;
  return type === ScalarType.DOUBLE ? 1.5 : 7;
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" || field.fieldKind === "list" ? field.message : undefined;
}
