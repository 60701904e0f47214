// Server reflection over the contract's own files. v1 and v1alpha differ in their names only and share one handler.
import { status, type handleBidiStreamingCall, type Server } from "@grpc/grpc-js";
import {
  ServerReflectionService,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../proto/gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionService as AlphaService } from "../../proto/gen/grpc/reflection/v1alpha/reflection.ts";
import type { ReflectedFile, ReflectedFiles } from "./reflection-files.ts";
import { toStatus } from "./status.ts";
import { printable } from "./validate/fields.ts";

type Handler = handleBidiStreamingCall<ServerReflectionRequest, ServerReflectionResponse>;
type Answer = ServerReflectionResponse["messageResponse"];

/** The services that `addReflection` adds. */
export const reflectionServiceNames = [
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

/** `serviceNames` are what `list_services` answers; the files declare each of them, and are loaded when somebody asks. */
export function addReflection(
  server: Server,
  files: () => Promise<ReflectedFiles>,
  serviceNames: readonly string[],
): void {
  const serverReflectionInfo = reflect(files, serviceNames);
  server.addService(ServerReflectionService, { serverReflectionInfo });
  server.addService(AlphaService, { serverReflectionInfo });
}

function reflect(files: () => Promise<ReflectedFiles>, serviceNames: readonly string[]): Handler {
  return (call) => {
    // What the client asks meanwhile waits in the stream, which nobody reads yet.
    files().then(
      (loaded) => {
        converse(call, new Questions(loaded, serviceNames));
      },
      (error: unknown) => {
        call.emit("error", toStatus(error));
      },
    );
  };
}

function converse(call: Parameters<Handler>[0], questions: Questions): void {
  // A client that does not read its answers is not read from: nothing piles up here.
  call.on("data", (request: ServerReflectionRequest) => {
    if (!call.write(questions.answer(request))) call.pause();
  });
  call.on("drain", () => call.resume());
  call.on("end", () => {
    call.end();
  });
}

/** One client's stream: it remembers which files the client has. */
class Questions {
  readonly #files: ReflectedFiles;
  readonly #serviceNames: readonly string[];
  readonly #sent = new Set<ReflectedFile>();

  constructor(files: ReflectedFiles, serviceNames: readonly string[]) {
    this.#files = files;
    this.#serviceNames = serviceNames;
  }

  answer(request: ServerReflectionRequest): ServerReflectionResponse {
    return { validHost: request.host, originalRequest: request, messageResponse: this.#answer(request) };
  }

  #answer({ messageRequest: asked }: ServerReflectionRequest): Answer {
    switch (asked?.$case) {
      case "listServices":
        return {
          $case: "listServicesResponse",
          value: { service: this.#serviceNames.map((name) => ({ name })) },
        };
      case "fileByFilename":
        return this.#send(this.#files.named(asked.value), `file ${printable(asked.value)}`);
      case "fileContainingSymbol":
        return this.#send(this.#files.declaring(asked.value), `symbol ${printable(asked.value)}`);
      case "fileContainingExtension":
        return notFound(`extension of ${printable(asked.value.containingType)}`);
      case "allExtensionNumbersOfType":
        return this.#extensionsOf(asked.value);
      case undefined:
        return failure(status.INVALID_ARGUMENT, "the request asks for nothing that this server knows");
    }
  }

  /** What was asked for is in every answer; what it imports only if this client does not have it yet. */
  #send(file: ReflectedFile | undefined, described: string): Answer {
    if (!file) return notFound(described);
    const [, ...imports] = this.#files.withImports(file);
    const fresh = [file, ...imports.filter((imported) => !this.#sent.has(imported))];
    for (const each of fresh) this.#sent.add(each);
    return {
      $case: "fileDescriptorResponse",
      value: { fileDescriptorProto: fresh.map(({ bytes }) => bytes) },
    };
  }

  #extensionsOf(type: string): Answer {
    if (!this.#files.declaring(type)) return notFound(`type ${printable(type)}`);
    return {
      $case: "allExtensionNumbersResponse",
      value: { baseTypeName: type, extensionNumber: [] },
    };
  }
}

function notFound(described: string): Answer {
  return failure(status.NOT_FOUND, `there is no ${described} in the contract`);
}

function failure(errorCode: status, errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}
