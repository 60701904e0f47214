// As little as a gRPC client can be: the server it drives is to be what limits the rate.
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import net from "node:net";

/** Flag and length before each message. */
const PREFIX_BYTES = 5;

export class Http2Client implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(socket: string) {
    this.#session = connect("http://localhost", { createConnection: () => net.connect(socket) });
  }

  /** Resolves with the answer's message. Rejects for another status than OK. */
  unary(path: string, message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const chunks: Buffer[] = [];
      let status: unknown;
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("trailers", (trailers: IncomingHttpHeaders) => {
        status = trailers["grpc-status"];
      });
      stream.on("error", reject);
      stream.on("end", () => {
        if (status === "0") resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES));
        else reject(new Error(`${path} ended with status ${String(status)}`));
      });
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([prefix, message]));
    });
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}
