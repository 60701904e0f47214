// `vgpuctl renew`
import type { ChangeCommand } from "../command.ts";
import { usageError } from "../errors/cli-error.ts";
import { reservationAnswer, reservationOperand, ttlFlag, ttlOf } from "../reserved.ts";

export const renewCommand: ChangeCommand = {
  kind: "change",
  name: "renew",
  summary: "move the end of a reservation",
  operands: [reservationOperand],
  flags: [{ ...ttlFlag, help: "for how long from now, 1s to 24h; must be given" }],
  forms: { name: "the reservation's claim id" },
  examples: ["vgpuctl renew job-17 --ttl 10m"],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const ttl = ttlOf(args);
    // The contract's default would move the end of a longer one to a minute from now.
    if (ttl === undefined) throw usageError("--ttl is missing: for how long from now, as 10m");
    return reservationAnswer(await vgpud.renewReservation({ claimId: args.operand(), ttl }));
  },
};
