// What a client without the contract's files learns from the server, as `buf curl` and `grpcurl` do.
import assert from "node:assert/strict";
import { once } from "node:events";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { credentials, status, type ClientDuplexStream } from "@grpc/grpc-js";
import {
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../proto/gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionClient as AlphaClient } from "../../proto/gen/grpc/reflection/v1alpha/reflection.ts";
import { present, World } from "./harness/world.ts";

type Stream = ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type Question = NonNullable<ServerReflectionRequest["messageRequest"]>;
type Client = ServerReflectionClient | AlphaClient;

const SERVED = ["Domain", "Gpu", "Host", "Operation", "Reservation", "Vgpu", "Watch"].map(
  (name) => `vgpud.v1.${name}Service`,
);
const INFRASTRUCTURE = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];
const LIST: Question = { $case: "listServices", value: "" };
const symbol = (value: string): Question => ({ $case: "fileContainingSymbol", value });
const file = (value: string): Question => ({ $case: "fileByFilename", value });
const request = (messageRequest?: Question): ServerReflectionRequest =>
  Object.assign(ServerReflectionRequest.create({ host: "any.example" }), { messageRequest });

/** Asks on the stream and waits for the one answer. */
async function ask(stream: Stream, question?: Question): Promise<ServerReflectionResponse> {
  const answer = new Promise<ServerReflectionResponse>((resolve, reject) => {
    stream.once("data", resolve).once("error", reject);
  });
  stream.write(request(question));
  return await answer;
}

function filesIn({ messageResponse: answer }: ServerReflectionResponse): FileDescriptorProto[] {
  assert.equal(answer?.$case, "fileDescriptorResponse");
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

const namesIn = (response: ServerReflectionResponse): string[] => filesIn(response).map(({ name }) => name);

/** As a registry links them. Fails when a file lacks what it imports. */
function importsFirst(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>();
  const visit = (each: FileDescriptorProto): void => {
    for (const wanted of each.dependency) visit(present(files.find(({ name }) => name === wanted)));
    ordered.add(each);
  };
  files.forEach(visit);
  return [...ordered];
}

function servicesIn({ messageResponse: answer }: ServerReflectionResponse): string[] {
  assert.equal(answer?.$case, "listServicesResponse");
  return answer.value.service.map(({ name }) => name).sort();
}

function errorIn({ messageResponse: answer }: ServerReflectionResponse): [string | undefined, string] {
  assert.equal(answer?.$case, "errorResponse");
  return [status[answer.value.errorCode], answer.value.errorMessage];
}

describe("reflection", () => {
  let world: World;
  let v1: ServerReflectionClient;
  let v1alpha: AlphaClient;
  before(async () => {
    world = await World.start();
    const address = `unix:${world.socket}`;
    v1 = new ServerReflectionClient(address, credentials.createInsecure());
    v1alpha = new AlphaClient(address, credentials.createInsecure());
  });
  after(async () => {
    v1.close();
    v1alpha.close();
    await world[Symbol.asyncDispose]();
  });

  async function talk(talked: (stream: Stream) => Promise<void>, client: Client = v1): Promise<void> {
    const stream: Stream = client.serverReflectionInfo();
    await talked(stream);
    const ended = once(stream, "status");
    stream.resume();
    stream.end();
    const [{ code }] = (await ended) as [{ readonly code: status }];
    assert.equal(code, status.OK);
  }

  for (const version of ["v1", "v1alpha"])
    it(`gives a client of ${version} every service with all that its files import`, async () => {
      const client = version === "v1" ? v1 : v1alpha;
      let services: string[] = [];
      await talk(async (stream) => {
        services = servicesIn(await ask(stream, LIST));
      }, client);
      assert.deepEqual(services, [...INFRASTRUCTURE, ...SERVED]);
      // Each on a stream of its own: nothing may be missing because an earlier answer had it.
      for (const name of services)
        await talk(async (stream) => {
          const files = filesIn(await ask(stream, symbol(name)));
          const linked = createFileRegistry(create(FileDescriptorSetSchema, { file: importsFirst(files) }));
          assert.ok(present(linked.getService(name)).methods.length > 0, name);
        }, client);
    });

  it("finds services, methods, messages and enums, nested ones too", async () => {
    await talk(async (stream) => {
      const declared = async (name: string): Promise<string | undefined> =>
        namesIn(await ask(stream, symbol(name)))[0];
      assert.equal(await declared("vgpud.v1.GpuService"), "vgpud/v1/gpu_service.proto");
      assert.equal(await declared("vgpud.v1.GpuService.ListGpus"), "vgpud/v1/gpu_service.proto");
      assert.equal(await declared("vgpud.v1.Gpu"), "vgpud/v1/gpu.proto");
      assert.equal(await declared("vgpud.v1.Mode"), "vgpud/v1/gpu.proto");
      assert.equal(await declared("google.rpc.BadRequest.FieldViolation"), "google/rpc/error_details.proto");
      assert.equal(
        await declared("grpc.health.v1.HealthCheckResponse.ServingStatus"),
        "grpc/health/v1/health.proto",
      );
    });
  });

  it("sends an import once in a stream, and what is asked for each time", async () => {
    await talk(async (stream) => {
      const name = "vgpud/v1/domain_service.proto";
      const first = namesIn(await ask(stream, file(name)));
      assert.equal(first[0], name);
      assert.ok(first.includes("vgpud/v1/domain.proto"));
      assert.equal(new Set(first).size, first.length);
      assert.deepEqual(namesIn(await ask(stream, file(name))), [name]);
      assert.deepEqual(namesIn(await ask(stream, symbol("vgpud.v1.Domain"))), ["vgpud/v1/domain.proto"]);
    });
  });

  it("says in the stream what it does not have, and goes on", async () => {
    await talk(async (stream) => {
      const extension = { containingType: "vgpud.v1.Gpu", extensionNumber: 100 };
      const missing: Question[] = [
        symbol("vgpud.v1.Nothing"),
        symbol(""),
        file("vgpud/v1/nothing.proto"),
        { $case: "fileContainingExtension", value: extension },
        { $case: "allExtensionNumbersOfType", value: "vgpud.v1.Nothing" },
      ];
      for (const question of missing) assert.equal(errorIn(await ask(stream, question))[0], "NOT_FOUND");
      assert.equal(errorIn(await ask(stream))[0], "INVALID_ARGUMENT");
      const [, said] = errorIn(await ask(stream, symbol("\n".repeat(100_000))));
      assert.ok(said.length < 500 && !/\p{Cc}/u.test(said), said);
      assert.deepEqual(servicesIn(await ask(stream, LIST)), [...INFRASTRUCTURE, ...SERVED]);
    });
  });

  it("knows that a message has no extensions", async () => {
    await talk(async (stream) => {
      const question: Question = { $case: "allExtensionNumbersOfType", value: "vgpud.v1.Gpu" };
      assert.deepEqual((await ask(stream, question)).messageResponse, {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: "vgpud.v1.Gpu", extensionNumber: [] },
      });
    });
  });

  it("answers many questions that come at once, in their order", async () => {
    const questions = Array.from({ length: 300 }, (_, index) =>
      index % 2 === 0 ? file("vgpud/v1/domain_spec.proto") : symbol(`vgpud.v1.Nothing${index}`),
    );
    const stream: Stream = v1.serverReflectionInfo();
    for (const question of questions) stream.write(request(question));
    stream.end();
    const answered: (Question | undefined)[] = [];
    for await (const answer of stream as AsyncIterable<ServerReflectionResponse>)
      answered.push(answer.originalRequest?.messageRequest);
    assert.deepEqual(answered, questions);
  });

  it("survives clients that leave in the middle", async () => {
    for (let left = 0; left < 20; left++) {
      const stream: Stream = v1.serverReflectionInfo();
      const gone = once(stream, "error");
      for (let asked = 0; asked < 50; asked++) stream.write(request(file("vgpud/v1/domain_spec.proto")));
      stream.once("data", () => {
        stream.cancel();
      });
      const [error] = (await gone) as [{ readonly code: status }];
      assert.equal(error.code, status.CANCELLED);
    }
    await talk(async (stream) => {
      assert.ok(servicesIn(await ask(stream, LIST)).length > 0);
    });
  });
});
