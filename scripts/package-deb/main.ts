// `npm run deb`: builds the Debian package and says where it is.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPackage } from "./build.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: "string", default: `${project}dist/deb` },
    suffix: { type: "string", default: "" },
  },
});
process.stdout.write(`${await buildPackage({ project, ...values })}\n`);
