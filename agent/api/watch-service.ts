// WatchService: what changes, as it changes.
import {
  ResourceKind,
  type WatchRequest,
  type WatchServiceService,
} from "../../proto/gen/vgpud/v1/watch_service.ts";
import type { ApiContext } from "./context.ts";
import type { Streams } from "./streaming.ts";
import { each, invalid, known } from "./validate/fields.ts";
import type { Kind } from "./watch/history.ts";

const kinds = {
  [ResourceKind.HOST]: "host",
  [ResourceKind.GPU]: "gpu",
  [ResourceKind.VGPU]: "vgpu",
  [ResourceKind.DOMAIN]: "domain",
  [ResourceKind.RESERVATION]: "reservation",
  [ResourceKind.OPERATION]: "operation",
} as const satisfies Partial<Record<ResourceKind, Kind>>;

/** The contract's limit on its own tokens. */
const MAX_TOKEN_LENGTH = 128;

export function watchStreams({ changes }: ApiContext): Streams<typeof WatchServiceService> {
  return {
    watch: (request, reader) => {
      const { resumeToken } = request;
      if (resumeToken.length > MAX_TOKEN_LENGTH)
        throw invalid("resume_token", `must have at most ${MAX_TOKEN_LENGTH} characters`);
      return changes.watch({ resumeToken, kinds: kindsAsked(request) }, reader);
    },
  };
}

function kindsAsked({ kinds: asked }: WatchRequest): ReadonlySet<Kind> | undefined {
  if (asked.length === 0) return undefined;
  return new Set(each(asked, (kind, index) => known(kindOf(kind), `kinds[${index}]`)));
}

function kindOf(kind: ResourceKind): Kind | undefined {
  return (kinds as Partial<Record<ResourceKind, Kind>>)[kind];
}
