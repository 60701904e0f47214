// `vgpuctl schedule check`
import { SLICES_CLASS } from "../../core/placement-names.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { roundedText, type Flavor } from "./flavor.ts";
import { parseFlavors } from "./flavors-file.ts";
import { resourcesText } from "./list.ts";
import { readFile } from "./placed-file.ts";
import { searchesFor } from "./searches.ts";
import { strangeTraits } from "./strange-traits.ts";
import { sizesJson, sizesText } from "./rounding.ts";
import { vainTraits } from "./vain-traits.ts";

/** Those that are right are shown beside what is wrong with others. */
export async function check(args: Arguments, environment: Environment): Promise<Answer> {
  const file = args.operand();
  const { flavors, faults } = parseFlavors(await readFile(file, environment), file);
  const answer = checked(flavors, faults);
  const [first, ...rest] = faults.map(({ where, what }) => `${where}: ${what}`);
  if (first === undefined) return answer;
  const lines = rest.map((line) => `error: ${line}`);
  return { ...answer, error: new CliError("usage", first, { lines, inFile: true }) };
}

function checked(flavors: readonly Flavor[], faults: readonly { where: string; what: string }[]): Answer {
  return {
    json: { flavors: flavors.map(flavorJson), faults: faults.map(({ where, what }) => ({ where, what })) },
    text: flavors.length === 0 ? [] : [table(flavors)],
    names: flavors.map(({ name }) => name),
    messages: flavors
      .flatMap((flavor) => [roundedText(flavor) ?? [], strangeTraits(flavor), vainTraits(flavor)].flat())
      .map((line) => `warning: ${line}`),
  };
}

function flavorJson(flavor: Flavor): Record<string, unknown> {
  const { name, vcpus, memoryMib, vgpu, traits } = flavor;
  const [first, second] = searchesFor(flavor, SLICES_CLASS);
  const sliced = vgpu.mode === "gvt-g" ? vgpu : undefined;
  return {
    name,
    vcpus,
    memory_mib: memoryMib,
    mode: vgpu.mode,
    asked: sliced ? sizesJson(sliced.asked) : null,
    booked: sliced ? sizesJson(sliced.sizes) : null,
    resources: first?.resources ?? {},
    resources_where_high_gm_is_shared: second?.resources ?? null,
    traits,
  };
}

function table(flavors: readonly Flavor[]): Answer["text"][number] {
  return {
    kind: "table",
    columns: [
      { title: "FLAVOR" },
      { title: "VCPUS", align: "right" },
      { title: "MEMORY MIB", align: "right" },
      { title: "MODE" },
      { title: "ASKED" },
      { title: "BOOKED" },
      { title: "RESOURCES", wide: true },
      { title: "WHERE HIGH GM IS SHARED", wide: true, sparse: true },
      { title: "TRAITS", sparse: true },
    ],
    rows: flavors.map((flavor) => {
      const { name, vcpus, memoryMib, vgpu, traits } = flavor;
      const [first, second] = searchesFor(flavor, SLICES_CLASS);
      const sizes =
        vgpu.mode === "gvt-g" ? [sizesText(vgpu.asked), sizesText(vgpu.sizes)] : [undefined, undefined];
      const wanted = [...traits.required, ...traits.forbidden.map((trait) => `!${trait}`)];
      return [
        name,
        vcpus,
        memoryMib,
        vgpu.mode,
        ...sizes,
        ...[first, second].map((search) => search && resourcesText(search.resources)),
        wanted.join(","),
      ];
    }),
  };
}
