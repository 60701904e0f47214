// Pages of a sorted list (AIP-158). A token names the last item given, so that a page is right although the list changed.
import { AgentError } from "../core/errors.ts";
import { invalid } from "./validate/fields.ts";

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1000;

export interface PageRequest {
  /** 0 takes the default of 100; above 1000 is cut to 1000. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** `items` are sorted by their key. */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: PageRequest,
): Page<Item> {
  if (request.pageSize < 0) throw invalid("page_size", `must not be negative, is ${request.pageSize}`);
  const size = Math.min(request.pageSize === 0 ? DEFAULT_SIZE : request.pageSize, MAX_SIZE);
  const after = request.pageToken === "" ? undefined : decodeToken(request.pageToken);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return {
    items: page,
    nextPageToken: rest.length > size && last !== undefined ? encodeToken(keyOf(last)) : "",
  };
}

/** Opaque to clients: they must not build one. The mark at its front tells a token of ours from anything else. */
const MARK = "after:";

function encodeToken(key: string): string {
  return Buffer.from(`${MARK}${key}`).toString("base64url");
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (text.startsWith(MARK) && encodeToken(text.slice(MARK.length)) === token) return text.slice(MARK.length);
  throw new AgentError("PAGE_TOKEN_INVALID", "page_token is not one that this service gave", {
    field: "page_token",
    details: { field: "page_token" },
  });
}
