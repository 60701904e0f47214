// What the TLS listener's files hold, judged as a whole before any of it is used: certificate, key, CAs of clients, revocation lists.
import { constants, createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { open } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { messageOf } from "../../core/errors.ts";
import type { Lifetimes } from "../../core/validity.ts";
import { certificateNames, oneLine } from "./certificate-names.ts";
import { caLifetimes, chainLifetimes, listLifetimes, type SignedList } from "./lifetimes.ts";
import { readRevocationList, type RevocationList } from "./revocation-list.ts";
import { isSignedBy } from "./revocation-signature.ts";

/** Where they are. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string;
  /** Undefined: nothing is ever revoked but by its end. */
  readonly revocationList: string | undefined;
}

export type TlsFile = keyof TlsFiles;

/** What is wrong with one of them. */
export interface TlsProblem {
  readonly file: TlsFile;
  /** Begins with the path. */
  readonly what: string;
}

/** The files cannot be used: everything that is wrong with them. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
  readonly problems: readonly TlsProblem[];

  constructor(problems: readonly TlsProblem[]) {
    super(problems.map(({ what }) => what).join("; "));
    this.problems = problems;
  }
}

export interface Material {
  /** For `tls.createServer` and `setSecureContext`. */
  readonly context: SecureContextOptions;
  readonly revocationLists: readonly RevocationList[];
  readonly lifetimes: Readonly<Partial<Record<TlsFile, Lifetimes>>>;
  /** The CAs as text, to see whether they are others. */
  readonly clientCa: string;
}

/** Older versions tell a listener on the wire the client's certificate, and gRPC's clients all speak this one. */
const MIN_VERSION = "TLSv1.3";
/** Bits of others: who is neither owner nor of the group. */
const OTHERS = 0o007;
/** A list of a hundred thousand certificates is a quarter of it. */
const MAX_BYTES = 16 * 1024 * 1024;

/** @throws TlsFilesError */
export async function readMaterial(files: TlsFiles): Promise<Material> {
  const problems: TlsProblem[] = [];
  const read = async <T>(file: TlsFile, take: (text: string) => T): Promise<T | undefined> => {
    const path = files[file];
    if (path === undefined) return undefined;
    try {
      return take(await textOf(path, file === "key"));
    } catch (error) {
      problems.push({ file, what: `${path}: ${messageOf(error)}` });
      return undefined;
    }
  };
  const certificate = await read("certificate", certificatesIn);
  const key = await read("key", (text) => ({ text, key: keyIn(text) }));
  const clientCa = await read("clientCa", casIn);
  const lists = await read("revocationList", (text) => revocationListsIn(text, clientCa ?? []));
  const [leaf] = certificate ?? [];
  if (leaf && key && !leaf.checkPrivateKey(key.key))
    problems.push({ file: "key", what: `${files.key}: it is not the key of ${files.certificate}` });
  if (problems.length > 0 || !certificate || !key || !clientCa) throw new TlsFilesError(problems);
  const cas = pemOf(clientCa);
  const context = {
    ...{ cert: pemOf(certificate), key: key.text, ca: cas, minVersion: MIN_VERSION },
    ...(lists ? { crl: lists.pems } : {}),
    // A session that is resumed is not checked anew: whoever was revoked since would come in by its ticket.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const satisfies SecureContextOptions;
  try {
    createSecureContext(context);
  } catch (error) {
    throw new TlsFilesError([{ file: "certificate", what: `${files.certificate}: ${messageOf(error)}` }]);
  }
  return {
    context,
    revocationLists: lists?.lists.map(({ list }) => list) ?? [],
    lifetimes: {
      certificate: chainLifetimes(certificate),
      clientCa: caLifetimes(clientCa),
      ...(lists ? { revocationList: listLifetimes(lists.lists) } : {}),
    },
    clientCa: cas,
  };
}

async function textOf(path: string, secret: boolean): Promise<string> {
  await using file = await open(path);
  const { mode, size } = await file.stat();
  if (secret && (mode & OTHERS) !== 0)
    throw new Error(
      `every user of the host has rights on it (mode ${(mode & 0o777).toString(8).padStart(4, "0")}); ` +
        "make it the user's that vgpud runs as, mode 0600, or root's with that user's group, mode 0640",
    );
  if (size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return await file.readFile("utf8");
}

/**
 * The blocks of a kind in a PEM file; text around them is for people (RFC 7468). @throws Error where there is none, or anything else
 * begins there: a file may be seen while it is written, and what it lacks would be taken for removed.
 */
function pemBlocks(text: string, kind: string, what: string): string[] {
  const whole = text.match(new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----`, "g")) ?? [];
  if (whole.length === 0) throw new Error(`it holds no ${what} in PEM`);
  const begun = text.split("-----BEGIN").length - 1;
  if (begun > whole.length)
    throw new Error(
      `of its ${begun} parts in PEM ${whole.length} are a whole "${kind}"; it holds something else beside, or is not written to its end`,
    );
  return whole;
}

/** What was judged, and nothing else that OpenSSL could find in the file. */
function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map(String).join("");
}

function certificatesIn(text: string): X509Certificate[] {
  return pemBlocks(text, "CERTIFICATE", "certificate").map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw new Error(`one of its certificates cannot be read: ${messageOf(error)}`, { cause: error });
    }
  });
}

function casIn(text: string): X509Certificate[] {
  const found = certificatesIn(text);
  const other = found.find(({ ca }) => !ca);
  if (other) throw new Error(`its certificate of ${oneLine(other.subject)} is none of a CA`);
  return found;
}

function keyIn(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    if (/ENCRYPTED/.test(text))
      throw new Error("it is encrypted, and nobody is there to be asked for its passphrase", {
        cause: error,
      });
    throw new Error("it holds no private key in PEM", { cause: error });
  }
}

function revocationListsIn(
  text: string,
  cas: readonly X509Certificate[],
): { readonly pems: string[]; readonly lists: readonly SignedList[] } {
  const pems = pemBlocks(text, "X509 CRL", "revocation list");
  const read = pems.map((pem) => {
    const der = bytesOf(pem);
    return { der, list: readRevocationList(der) };
  });
  const named = cas.map((ca) => ({ ca, name: certificateNames(ca.raw).subject }));
  const signed = new Set<X509Certificate>();
  const lists = read.map(({ der, list }) => {
    // A CA below one of these is known from the connection of a client alone: OpenSSL checks its list then.
    const ofName = named.filter(({ name }) => name === list.issuer).map(({ ca }) => ca);
    const signers = ofName.filter(({ publicKey }) => isSignedBy(der, publicKey));
    for (const signer of signers) signed.add(signer);
    const [first] = ofName;
    if (first && signers.length === 0) throw notSigned(first);
    return { list, signers };
  });
  // OpenSSL would refuse every certificate of such a CA.
  const without = cas.find((ca) => !signed.has(ca));
  if (without)
    throw new Error(
      `it has no list of ${oneLine(without.subject)} (serial ${without.serialNumber}); each CA of tls.client_ca needs one, be it empty`,
    );
  return { pems, lists };
}

function notSigned({ subject }: X509Certificate): Error {
  return new Error(
    `its list of ${oneLine(subject)} is not signed by the CA of that name in tls.client_ca: it is of another CA of that name, or of a ` +
      "former key, or was changed after it was signed",
  );
}

function bytesOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ""), "base64");
}
