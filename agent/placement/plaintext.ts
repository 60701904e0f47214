// Where a secret or a token must not be sent to.

/** In words, for who has to name another. */
export const ENCRYPTED = "an https URL, or an http one of this machine (localhost, 127.0.0.1, [::1])";

/** Whether what is sent there could be read on its way: HTTP without TLS, to another machine. */
export function isPlaintext({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
