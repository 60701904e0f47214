// A Placement from what its user says of it: where it is, by whom it is believed, and who asks.
import { Keystone, noauth, type KeystoneOptions } from "./auth.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { Exchanger, type ExchangerOptions } from "./exchange.ts";
import { Placement } from "./placement.ts";

export interface PlacementSettings extends ExchangerOptions {
  /** Undefined: as Keystone's catalogue says. */
  readonly endpoint: URL | undefined;
  /** Undefined: Placement believes everybody (noauth2). */
  readonly keystone:
    Pick<KeystoneOptions, "authUrl" | "credentialId" | "secret" | "region" | "interface"> | undefined;
}

interface ConnectedPlacement {
  readonly api: Placement;
  /** Lets go of what is kept open for the next request. */
  readonly close: () => void;
}

/** Opens nothing yet. */
export function connectPlacement(
  { endpoint, keystone, ...exchange }: PlacementSettings,
  { now, wall, onEnd }: Pick<ConnectionOptions, "now" | "onEnd"> & Pick<KeystoneOptions, "wall">,
): ConnectedPlacement {
  const exchanger = new Exchanger(exchange);
  const authority = keystone
    ? new Keystone({ ...keystone, exchanger, endpoint, wall, timeoutMs: exchange.timeoutMs })
    : endpoint && noauth(endpoint);
  if (!authority) throw new TypeError("neither Placement nor Keystone is named");
  const close = (): void => {
    exchanger.close();
  };
  return {
    api: new Placement(new Connection({ exchanger, authority, now, ...(onEnd && { onEnd }) })),
    close,
  };
}
