// Who signed a revocation list (RFC 5280, 5.1.1). OpenSSL checks it at each handshake, and lets nobody in by a list that is another's.
import { constants, verify, type KeyObject, type VerifyKeyObjectInput } from "node:crypto";
import { messageOf } from "../../core/errors.ts";
import { derElements, derSequence, TAG, type DerElement } from "./der.ts";

/** How a signature is checked; `hash` is undefined where the key says it. */
interface Way {
  /** Of which types keys sign so, in Node.js' words: one of another type has signed nothing. */
  readonly keys: readonly string[];
  readonly hash: string | undefined;
  readonly pss?: { readonly saltLength: number };
}

/**
 * Whether the list is signed by the key.
 * @throws Error for bytes that are no list in DER, and for an algorithm that is not known or not allowed here
 */
export function isSignedBy(der: Buffer, key: KeyObject): boolean {
  const [body, algorithm, signature] = derSequence(der);
  if (body?.tag !== TAG.sequence || algorithm?.tag !== TAG.sequence || signature?.tag !== TAG.bitString)
    throw new Error("it is no signed revocation list");
  const { keys, hash, pss } = wayOf(algorithm);
  if (!keys.includes(key.asymmetricKeyType ?? "")) return false;
  // The algorithm stands among what is signed, too, and has to be the same (5.1.1.2).
  if (!derElements(body.content).some(({ whole }) => whole.equals(algorithm.whole))) return false;
  // The first byte tells how many bits of the last one are none of it.
  const bytes = signature.content.subarray(1);
  const padding = pss && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pss.saltLength };
  return verified(hash, body.whole, { key, ...padding }, bytes);
}

/** @throws Error where OpenSSL does not check such a signature here, as by a digest that the system's policy or the key itself forbids */
function verified(
  hash: string | undefined,
  data: Buffer,
  key: VerifyKeyObjectInput,
  signature: Buffer,
): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch (error) {
    const by = hash === undefined ? "" : ` by ${hash}`;
    const why = `OpenSSL does not check its signature${by} here (${messageOf(error)}): sign it by another digest`;
    throw new Error(why, { cause: error });
  }
}

const RSA = "2a864886f70d0101";
const ECDSA = "2a8648ce3d04";
const PSS = `${RSA}0a`;
/** By what their object identifiers are in DER, in hexadecimal (RFC 3279, 4055, 5758, 8410). */
const ways: Readonly<Record<string, Way>> = {
  ...signedBy("rsa", RSA, { "05": "sha1", "0e": "sha224", "0b": "sha256", "0c": "sha384", "0d": "sha512" }),
  ...signedBy("ec", ECDSA, {
    ...{ "01": "sha1", "0301": "sha224", "0302": "sha256" },
    ...{ "0303": "sha384", "0304": "sha512" },
  }),
  "2b6570": { keys: ["ed25519"], hash: undefined },
  "2b6571": { keys: ["ed448"], hash: undefined },
};
const hashes: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha1",
  "608648016503040204": "sha224",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

function signedBy(
  key: string,
  prefix: string,
  hashOf: Readonly<Record<string, string>>,
): Readonly<Record<string, Way>> {
  return Object.fromEntries(
    Object.entries(hashOf).map(([end, hash]) => [`${prefix}${end}`, { keys: [key], hash }]),
  );
}

function wayOf({ content }: DerElement): Way {
  const [id, parameters] = derElements(content);
  const name = id?.tag === TAG.objectIdentifier ? id.content.toString("hex") : "";
  const way = name === PSS ? pssWay(parameters) : ways[name];
  if (way) return way;
  throw new Error(
    `it is signed by an algorithm that is not known here (${name}): RSA, ECDSA, Ed25519 and Ed448 are`,
  );
}

/** What is left out has the value that RFC 4055, 3.1 gives it. Undefined: not known here. */
function pssWay(parameters: DerElement | undefined): Way | undefined {
  const parts = parameters ? derElements(parameters.content) : [];
  const part = (tag: number): DerElement | undefined => {
    const found = parts.find((each) => each.tag === tag);
    return found && derElements(found.content)[0];
  };
  const hashId = part(TAG.context0);
  const hash = hashId === undefined ? "sha1" : hashes[identifierIn(hashId)];
  const mask = part(TAG.context1);
  const maskHash = mask === undefined ? "sha1" : hashes[identifierIn(derElements(mask.content)[1])];
  const salt = part(TAG.context2);
  const saltLength = salt === undefined ? 20 : Number.parseInt(salt.content.toString("hex"), 16);
  // Node.js has one hash for both.
  return hash !== undefined && hash === maskHash && saltLength >= 0
    ? { keys: ["rsa", "rsa-pss"], hash, pss: { saltLength } }
    : undefined;
}

/** Of an AlgorithmIdentifier. */
function identifierIn(element: DerElement | undefined): string {
  const [id] = element ? derElements(element.content) : [];
  return id?.content.toString("hex") ?? "";
}
