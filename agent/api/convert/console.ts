// A domain's consoles as the contract shows them, with what a viewer is called with.
import * as pb from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Console } from "../../inventory/model.ts";

export function toWireConsole({ kind, at }: Console): pb.Console {
  switch (at.on) {
    case "nowhere":
      return pb.Console.fromPartial({ kind, listen: pb.ConsoleListen.NOWHERE });
    case "socket":
      return pb.Console.fromPartial({
        ...{ kind, listen: pb.ConsoleListen.UNIX_SOCKET, unixSocket: at.path ?? "" },
        uri: at.path === undefined ? "" : `${kind}+unix://${encodeURI(at.path)}`,
      });
    case "address": {
      const { address = "", port, tlsPort, websocketPort } = at;
      const listen = pb.ConsoleListen.ADDRESS;
      return pb.Console.fromPartial({
        kind,
        listen,
        address,
        port,
        tlsPort,
        websocketPort,
        uri: uriOf(kind, at),
      });
    }
  }
}

/** Of every address one that a viewer can connect to. */
const loopback: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function uriOf(
  kind: Console["kind"],
  { address, port, tlsPort }: Extract<Console["at"], { readonly on: "address" }>,
): string {
  if (address === undefined || (port ?? tlsPort) === undefined) return "";
  const host = loopback[address] ?? address;
  // Of addresses only IPv6 has colons. A sign that URIs have a use for may lead to the name of an interface.
  const written = host.includes(":") ? `[${host.replace("%", "%25")}]` : host;
  const plain = port === undefined ? "" : `:${port}`;
  return `${kind}://${written}${plain}${tlsPort === undefined ? "" : `?tls-port=${tlsPort}`}`;
}
