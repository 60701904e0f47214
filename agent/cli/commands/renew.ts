// `vgpuctl renew`
import type { ChangeCommand } from "../command.ts";
import { reservationAnswer, reservationOperand, ttlFlag, ttlOf } from "../reserved.ts";

export const renewCommand: ChangeCommand = {
  kind: "change",
  name: "renew",
  summary: "move the end of a reservation",
  operands: [reservationOperand],
  flags: [ttlFlag],
  forms: { name: "the reservation's claim id" },
  examples: ["vgpuctl renew job-17 --ttl 10m"],
  extraMs: () => 0,
  run: async (args, vgpud) =>
    reservationAnswer(await vgpud.renewReservation({ claimId: args.operand(), ttl: ttlOf(args) })),
};
