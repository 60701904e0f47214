// The history of changes for those who watch, and who rings when something has changed.
import { basisOf, type ViewContext } from "../api/context.ts";
import { Changes, type ChangesLimits } from "../api/watch/changes.ts";
import { View } from "../api/watch/view.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { Stages } from "./stages.ts";

/** What nobody rings for, as a new diagnosis, is seen at the next glance. */
export function composeChanges(
  shown: ViewContext,
  { lookout, ledger, drains, modes, operations, metrics }: Stages,
  { limits, stop }: { readonly limits: ChangesLimits; readonly stop: AbortSignal },
): Changes {
  const view = new View(shown);
  const changes = new Changes({
    things: () => view.things(),
    basis: () => basisOf(shown),
    epoch: shown.agent.instanceEpoch,
    ...{ clock, stop, limits },
    onWatches: (count) => {
      metrics.recorder.watches(count);
    },
  });
  const ring = (): void => {
    changes.ring();
  };
  lookout.onView(ring);
  ledger.onChange(ring);
  drains.onChange(ring);
  modes.onChange(ring);
  operations.onChange(ring);
  return changes;
}
