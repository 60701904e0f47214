// One message on the wire: a length word, six header words, a body (libvirt: src/rpc/virnetprotocol.x).
import { MESSAGE_MAX } from "./remote.gen.ts";
import { XdrDecoder, XdrEncoder, XdrError } from "./xdr.ts";

export const MessageType = { call: 0, reply: 1, event: 2 } as const;
export const MessageStatus = { ok: 0, error: 1 } as const;

export interface MessageHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  /** Chosen by the caller, repeated in the reply; means nothing in events, where libvirtd writes 1. */
  readonly serial: number;
  readonly status: number;
}

const LENGTH_BYTES = 4;
const HEADER_BYTES = 24;

/** The whole message, length word included. Throws XdrError when it exceeds the protocol's 32 MiB. */
export function encodeMessage(header: MessageHeader, body?: (encoder: XdrEncoder) => void): Buffer {
  const encoder = new XdrEncoder();
  encoder.uint(0);
  encoder.uint(header.program);
  encoder.uint(header.version);
  encoder.int(header.procedure);
  encoder.int(header.type);
  encoder.uint(header.serial);
  encoder.int(header.status);
  body?.(encoder);
  if (encoder.length - LENGTH_BYTES > MESSAGE_MAX) {
    throw new XdrError(`message of ${encoder.length} bytes exceeds ${MESSAGE_MAX}`);
  }
  encoder.patchUint(0, encoder.length);
  return encoder.bytes();
}

/** Reads the header; the decoder stands at the body afterwards. */
export function decodeHeader(decoder: XdrDecoder): MessageHeader {
  return {
    program: decoder.uint(),
    version: decoder.uint(),
    procedure: decoder.int(),
    type: decoder.int(),
    serial: decoder.uint(),
    status: decoder.int(),
  };
}

/** Cuts a stream of chunks into messages. Holds at most one incomplete message and the chunk that began the next. */
export class Framing {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that must be held before it is worth looking again: joining on each chunk would copy n² bytes. */
  #wanted = LENGTH_BYTES;

  /** The messages that `chunk` completes, without their length words. Throws XdrError at an impossible length. */
  *push(chunk: Buffer): Generator<Buffer, void, undefined> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return;
    const bytes = Buffer.concat(this.#chunks, this.#held);
    let at = 0;
    this.#wanted = LENGTH_BYTES;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length < LENGTH_BYTES + HEADER_BYTES || length > LENGTH_BYTES + MESSAGE_MAX) {
        throw new XdrError(`message claims a length of ${length} bytes`);
      }
      if (bytes.length - at < length) {
        this.#wanted = length;
        break;
      }
      yield bytes.subarray(at + LENGTH_BYTES, at + length);
      at += length;
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#held = bytes.length - at;
  }
}
