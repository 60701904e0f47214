// What vgpuctl shows of itself by TLS, and whom it trusts, from files.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { TlsTarget } from "./target.ts";

export interface TlsFiles {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** The first certificate of the file: one's own. */
  readonly own: X509Certificate;
}

/** @throws CliError for a file that cannot be read or is something else */
export async function readTlsFiles(target: TlsTarget): Promise<TlsFiles> {
  const [ca, certificate, key] = await Promise.all([
    bytesOf("tls-ca", target.ca),
    bytesOf("tls-certificate", target.certificate),
    bytesOf("tls-key", target.key),
  ]);
  parsed("tls-ca", target.ca, "certificate in PEM", () => new X509Certificate(ca));
  const own = parsed(
    "tls-certificate",
    target.certificate,
    "certificate in PEM",
    () => new X509Certificate(certificate),
  );
  const privateKey = parsed("tls-key", target.key, "private key in PEM without a passphrase", () =>
    createPrivateKey(key),
  );
  if (!own.checkPrivateKey(privateKey))
    throw usageError(`--tls-key ${target.key} is not the key of --tls-certificate ${target.certificate}`);
  return { ca, certificate, key, own };
}

async function bytesOf(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "";
    if (errno === "EACCES")
      throw new CliError("permission", `not allowed to read --${flag} ${path}`, { cause: error });
    throw usageError(
      `cannot read --${flag} ${path}: ${errno === "ENOENT" ? "there is no such file" : errno}`,
    );
  }
}

function parsed<T>(flag: string, path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw usageError(`--${flag} ${path} holds no ${what}`);
  }
}
