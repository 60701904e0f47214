// `vgpuctl release`
import type { ChangeCommand } from "../command.ts";
import { reservationAnswer, reservationOperand } from "../reserved.ts";

export const releaseCommand: ChangeCommand = {
  kind: "change",
  name: "release",
  summary: "give the room of a reservation back",
  operands: [reservationOperand],
  flags: [],
  forms: { name: "the reservation's claim id" },
  examples: ["vgpuctl release job-17"],
  extraMs: () => 0,
  run: async (args, vgpud) => reservationAnswer(await vgpud.releaseReservation({ claimId: args.operand() })),
};
