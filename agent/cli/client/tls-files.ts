// What vgpuctl shows of itself by TLS, and whom it trusts, from files.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { TlsTarget } from "./target.ts";

export interface TlsFiles {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** The first certificate of the file: one's own. */
  readonly own: X509Certificate;
}

type Paths = Pick<TlsTarget, "ca" | "certificate" | "key">;
/** How messages call what names each file. */
type Names = Readonly<Record<keyof Paths, string>>;

const FLAGS: Names = { ca: "--tls-ca", certificate: "--tls-certificate", key: "--tls-key" };

/** @throws CliError for a file that cannot be read, is something else, or is too weak to be used */
export async function readTlsFiles(target: Paths, names: Names = FLAGS): Promise<TlsFiles> {
  // One after the other: of several that cannot be read the same one is told each time.
  const ca = await bytesOf(names.ca, target.ca);
  const certificate = await bytesOf(names.certificate, target.certificate);
  const key = await bytesOf(names.key, target.key);
  parsed(names.ca, target.ca, "certificate in PEM", () => new X509Certificate(ca));
  const own = parsed(
    names.certificate,
    target.certificate,
    "certificate in PEM",
    () => new X509Certificate(certificate),
  );
  const privateKey = parsed(names.key, target.key, "private key in PEM without a passphrase", () =>
    createPrivateKey(key),
  );
  if (!own.checkPrivateKey(privateKey))
    throw usageError(
      `${names.key} ${target.key} is not the key of ${names.certificate} ${target.certificate}`,
    );
  refuseUnusable({ ca, certificate, key }, `${names.certificate} ${target.certificate}`);
  return { ca, certificate, key, own };
}

/** What OpenSSL does not take, as a key that is too short for its security level, would be thrown in the middle of connecting. */
function refuseUnusable({ ca, certificate, key }: Omit<TlsFiles, "own">, what: string): void {
  try {
    createSecureContext({ ca, cert: certificate, key, minVersion: "TLSv1.3" });
  } catch (error) {
    throw usageError(`${what} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function bytesOf(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "";
    if (errno === "EACCES")
      throw new CliError("permission", `not allowed to read ${flag} ${path}`, { cause: error });
    throw usageError(`cannot read ${flag} ${path}: ${errno === "ENOENT" ? "there is no such file" : errno}`);
  }
}

function parsed<T>(flag: string, path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw usageError(`${flag} ${path} holds no ${what}`);
  }
}
