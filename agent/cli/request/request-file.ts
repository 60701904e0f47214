// The file of `create -f`: a CreateDomainRequest in YAML, and one written so that it can be read back.
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import { CliError } from "../errors/cli-error.ts";
import type { Environment } from "../environment.ts";
import { messageJson } from "../view/json.ts";

const TYPE = "vgpud.v1.CreateDomainRequest";
const STDIN = "-";

export interface RequestFile {
  readonly request: CreateDomainRequest;
  /** Where each field stands, as `vm.yaml:4:3`, by its path. */
  readonly places: ReadonlyMap<string, string>;
}

export function isFromStdin(path: string | undefined): boolean {
  return path === STDIN;
}

/** @throws CliError with a line for everything that is wrong */
export async function readRequestFile(
  path: string,
  { readText, contract }: Pick<Environment, "readText" | "contract">,
): Promise<RequestFile> {
  const text = await readText(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `cannot read ${path}: ${why}`, { cause: error, inFile: true });
  });
  const { readMessage } = await import("./contract-yaml.ts");
  const name = isFromStdin(path) ? "stdin" : path;
  const { tree, places, problems } = readMessage(text, name, requestType(await contract()));
  const [first, ...rest] = problems.map(({ where, what }) => `${where}: ${what}`);
  if (first !== undefined)
    throw new CliError("usage", first, { lines: rest.map((line) => `error: ${line}`), inFile: true });
  return { request: CreateDomainRequest.fromJSON(tree), places };
}

/** What `readRequestFile` reads back, without what is at its default. */
export async function requestText(request: CreateDomainRequest, contract: FileRegistry): Promise<string> {
  const { withoutDefaults } = await import("./contract-text.ts");
  const { yamlText } = await import("../view/yaml-text.ts");
  return yamlText(withoutDefaults(messageJson(request), requestType(contract)));
}

function requestType(contract: FileRegistry): DescMessage {
  const type = contract.getMessage(TYPE);
  if (type === undefined) throw new Error(`the contract has no message ${TYPE}`);
  return type;
}
