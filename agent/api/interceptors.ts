// What every call shares: one report when it ends, whatever the handler does.
import { ResponderBuilder, ServerInterceptingCall, status, type ServerInterceptor } from "@grpc/grpc-js";

export interface EndedCall {
  /** `/vgpud.v1.DomainService/CreateDomain`. */
  readonly method: string;
  /** `OK`, `NOT_FOUND`, … */
  readonly code: string;
  readonly seconds: number;
}

/** `now` is in milliseconds of a clock that never steps back. */
export function observeCalls(now: () => number, onEnd: (call: EndedCall) => void): ServerInterceptor {
  return (descriptor, call) => {
    const started = now();
    const responder = new ResponderBuilder()
      .withSendStatus((result, next) => {
        onEnd({ method: descriptor.path, code: status[result.code], seconds: (now() - started) / 1000 });
        next(result);
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}
