// The bill of materials: what npm says of the production packages, and the runtime, without what differs from run to run.
import * as z from "zod";
import { RUNTIME } from "./runtime.ts";

const documentSchema = z.looseObject({
  specVersion: z.string(),
  metadata: z.looseObject({ component: z.looseObject({ "bom-ref": z.string() }) }),
  components: z.array(z.looseObject({ "bom-ref": z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** CycloneDX JSON; `npmSbom` is what `npm sbom --sbom-format=cyclonedx` printed. */
export function billOfMaterials(npmSbom: string, date: Date): string {
  const document = documentSchema.parse(JSON.parse(npmSbom));
  const root = document.metadata.component["bom-ref"];
  const runtime = runtimeComponent();
  return `${JSON.stringify(
    {
      ...document,
      serialNumber: undefined,
      metadata: { ...document.metadata, timestamp: date.toISOString() },
      components: [...document.components, runtime],
      dependencies: document.dependencies.map((dependency) =>
        dependency.ref === root
          ? { ...dependency, dependsOn: [...dependency.dependsOn, runtime["bom-ref"]] }
          : dependency,
      ),
    },
    null,
    2,
  )}\n`;
}

/** The hash is of the package as the registry gives it; the executable is stripped afterwards. */
function runtimeComponent() {
  const { name, version, integrity } = RUNTIME;
  const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
  return {
    "bom-ref": `${name}@${version}`,
    type: "platform",
    name: "node",
    version,
    purl: `pkg:npm/${name}@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:lts:*:*:*`,
    hashes: [{ alg: "SHA-512", content }],
    licenses: [{ license: { id: "MIT" } }],
  };
}
