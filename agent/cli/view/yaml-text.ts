// YAML as vgpuctl prints it. A module of its own, since the library costs every start that loads it.
import { stringify } from "yaml";

/** Words that YAML 1.1 would read as something else than a text are quoted: many scripts have such a reader. */
export function yamlText(value: unknown): string {
  return stringify(value, { compat: "yaml-1.1", lineWidth: 0 });
}
