// The channel to a vgpud, opened when it is first needed, and found out about before each call.
import { ChannelCredentials, Client, type ClientOptions } from "@grpc/grpc-js";
import { checkServerIdentity } from "node:tls";
import { lazily } from "../../core/lazily.ts";
import type { Limit } from "./limit.ts";
import { requireReachable } from "./reachable.ts";
import { indicatedName, nameToCheck, requireSecure } from "./reachable-tls.ts";
import { addressOf, type SocketTarget, type Target, type TlsTarget } from "./target.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

interface Reach {
  readonly target: Target;
  readonly timeout: Limit;
  /** Of a connection by TLS; by default `timeout`. */
  readonly connectTimeout?: Limit;
  readonly signal: AbortSignal;
}

interface Channel {
  /** The client, when vgpud has been reached. @throws CliError that says why it cannot be */
  readonly reached: () => Promise<Client>;
  readonly close: () => void;
}

const OPTIONS: ClientOptions = {
  // A domain's XML and lists of 1,000 objects are below vgpud's own limit of 16 MiB.
  "grpc.max_receive_message_length": 16 * 1024 * 1024,
  "grpc.enable_retries": 0,
  // A proxy of the environment's is for the web.
  "grpc.enable_http_proxy": 0,
};

export function openChannel({ target, ...patience }: Reach): Channel {
  return target.kind === "socket" ? socketChannel(target, patience) : tlsChannel(target, patience);
}

function socketChannel({ path: socketPath }: SocketTarget, patience: Omit<Reach, "target">): Channel {
  const client = new Client(`unix:${socketPath}`, ChannelCredentials.createInsecure(), OPTIONS);
  return {
    reached: async () => {
      await requireReachable({ socketPath, ...patience });
      return client;
    },
    close: () => {
      client.close();
    },
  };
}

function tlsChannel(
  target: TlsTarget,
  { timeout, connectTimeout = timeout, signal }: Omit<Reach, "target">,
): Channel {
  let client: Client | undefined;
  const files = lazily(() => readTlsFiles(target));
  return {
    reached: async () => {
      const read = await files();
      await requireSecure({ target, files: read, timeout: connectTimeout, signal });
      client ??= tlsClient(target, read);
      return client;
    },
    close: () => {
      client?.close();
    },
  };
}

function tlsClient(target: TlsTarget, { ca, certificate, key }: TlsFiles): Client {
  const credentials = ChannelCredentials.createSsl(ca, key, certificate, {
    checkServerIdentity: (_, shown) => checkServerIdentity(nameToCheck(target), shown),
  });
  return new Client(addressOf(target), credentials, {
    ...OPTIONS,
    "grpc.ssl_target_name_override": indicatedName(target),
  });
}
