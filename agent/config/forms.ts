// The forms that values of the configuration can have.
import { isIP } from "node:net";
import * as z from "zod";
import { formatDurationMs, parseDurationMs } from "../core/duration.ts";
import { isPlaintext } from "../placement/plaintext.ts";

/** sun_path has 108 bytes, the last of them NUL (unix(7)). */
const MAX_SOCKET_BYTES = 107;

/** An absolute path. */
export const absolutePath = z.string().regex(/^\/[^\0]*$/);

/** The absolute path of a UNIX socket. */
export const socketPath = absolutePath
  .max(MAX_SOCKET_BYTES)
  .refine((path) => Buffer.byteLength(path) <= MAX_SOCKET_BYTES);

/** The name of a libvirt network or of a bridge. */
export const networkName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

/** `HOST:PORT` or `[v6]:PORT`; port 0 takes a free one. */
export const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):(6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[1-5]?\d{1,4})$/);

/** Without user, query or fragment. */
export const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#@]*)?$/)
  .refine((text) => URL.canParse(text));

/** The same where a secret is sent: nobody can read it on its way. */
export const encryptedUrl = httpUrl.refine((text) => !URL.canParse(text) || !isPlaintext(new URL(text)));

export const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** As `address`, the host an IP address or `localhost`: a name would have to be asked for when nothing else works yet. */
export const ipAddress = address.refine((text) => {
  const { host } = splitAddress(text);
  return host === "localhost" || isIP(host) !== 0;
});

/** An absolute URI (RFC 3986), as it stands among the alternative names of a certificate. */
export const uri = z.string().regex(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,2000}$/);

/** The PCI address of a GPU, as lspci -D shows it. */
export const pciAddress = z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/);

/** A duration of at least `minMs` and at most `maxMs`, written as `90s`; read it with `durationMs`. */
export function duration({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }) {
  return z
    .string()
    .regex(/^(0|\d{1,9}(ms|s|m|h))$/)
    .refine((text) => durationMs(text) >= minMs && durationMs(text) <= maxMs);
}

/** What a value of `duration` may be, in words. */
export function durationWords(minMs: number, maxMs: number): string {
  return `a duration from ${formatDurationMs(minMs)} to ${formatDurationMs(maxMs)}, as 90s or 5m`;
}

/** Of a duration that the schema has accepted. */
export function durationMs(text: string): number {
  return parseDurationMs(text) ?? Number.NaN;
}

/** The parts of a `HOST:PORT` that the schema has accepted; brackets around an IPv6 address are dropped. */
export function splitAddress(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
