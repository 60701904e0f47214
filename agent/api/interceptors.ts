// What every call shares: one report when it ends, whatever the handler does.
import { ResponderBuilder, ServerInterceptingCall, type ServerInterceptor, type status } from "@grpc/grpc-js";
import type { SocketName } from "./access.ts";

export interface EndedCall {
  /** The socket that the call came in by. */
  readonly socket: SocketName;
  /** `DomainService/CreateDomain`; of another package with its name, as `grpc.health.v1.Health/Check`. */
  readonly method: string;
  /** The number of the gRPC status. */
  readonly code: status;
  readonly seconds: number;
  /** What the caller was told; empty when all went well. */
  readonly message: string;
}

/** `now` is in milliseconds of a clock that never steps back. */
export function observeCalls(
  { now, socket }: { readonly now: () => number; readonly socket: SocketName },
  onEnd: (call: EndedCall) => void,
): ServerInterceptor {
  return (descriptor, call) => {
    const started = now();
    const responder = new ResponderBuilder()
      .withSendStatus((result, next) => {
        onEnd({
          socket,
          method: methodName(descriptor.path),
          code: result.code,
          seconds: (now() - started) / 1000,
          message: result.details,
        });
        next(result);
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}

/** From `/vgpud.v1.DomainService/CreateDomain`. */
export function methodName(path: string): string {
  return path.replace(/^\/(vgpud\.v1\.)?/, "");
}
