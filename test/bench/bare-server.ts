// A grpc-js server that does nothing: each method answers the bytes it was given. What it takes is grpc-js's own share.
import { readFile } from "node:fs/promises";
import { Server, ServerCredentials, type handleUnaryCall } from "@grpc/grpc-js";
import * as z from "zod";

const [socket = "", file = ""] = process.argv.slice(2);
/** The bytes in base64, by the method's path. */
const answers = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(file, "utf8")));

const identity = (bytes: Buffer): Buffer => bytes;
const server = new Server();
for (const [path, text] of Object.entries(answers)) {
  const bytes = Buffer.from(text, "base64");
  const answer: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
    callback(null, bytes);
  };
  const method = {
    ...{ path, requestStream: false, responseStream: false },
    ...{ requestSerialize: identity, requestDeserialize: identity },
    ...{ responseSerialize: identity, responseDeserialize: identity },
  };
  server.addService({ answer: method }, { answer });
}
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write("ready\n");
});
