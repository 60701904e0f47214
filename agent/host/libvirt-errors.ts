// What libvirt, or the way to it, fails with, as an error of ours.
import { AgentError } from "../core/errors.ts";
import { CallTimeoutError, ConnectionLostError, LibvirtError } from "../node-libvirt/errors.ts";

/** `doing` begins the message. Throws LIBVIRT_REFUSED, LIBVIRT_UNAVAILABLE or LIBVIRT_TIMEOUT for what libvirt fails with. */
export async function asAgentError<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toAgentError(doing, error);
  }
}

function toAgentError(doing: string, error: unknown): unknown {
  if (error instanceof LibvirtError)
    return new AgentError("LIBVIRT_REFUSED", `${doing}: libvirt refused: ${error.message}`, {
      details: { libvirt_code: error.code, libvirt_domain: error.domain },
      cause: error,
    });
  if (error instanceof ConnectionLostError)
    return new AgentError("LIBVIRT_UNAVAILABLE", `${doing}: libvirt is away: ${error.message}`, {
      cause: error,
    });
  if (error instanceof CallTimeoutError)
    return new AgentError("LIBVIRT_TIMEOUT", `${doing}: libvirt does not answer: ${error.message}`, {
      cause: error,
    });
  return error;
}
