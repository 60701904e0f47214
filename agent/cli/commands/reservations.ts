// `vgpuctl reservations`
import type { Answer, ReadCommand } from "../command.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { listFlags } from "../line/list-flags.ts";
import { reservationAnswer, reservationOperand } from "../reserved.ts";
import { messageJson } from "../view/json.ts";
import { reservationList } from "../view/reservation-view.ts";

export const reservationsCommand: ReadCommand = {
  kind: "read",
  name: "reservations",
  summary: "list the reservations that hold room, or show one",
  operands: [{ ...reservationOperand, required: false }],
  flags: listFlags,
  forms: { name: "claim ids" },
  examples: ["vgpuctl reservations", "vgpuctl reservations job-17 -o json"],
  run: async (args, vgpud) => {
    const [claimId] = args.operands;
    if (claimId === undefined) return listReservations(vgpud);
    return reservationAnswer(await vgpud.getReservation({ claimId }));
  },
};

async function listReservations(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) => vgpud.listReservations({ pageSize: PAGE_SIZE, pageToken }));
  const [{ resumeToken, observeTime }] = pages;
  const reservations = pages.flatMap((page) => page.reservations);
  const json = messageJson({ reservations, resumeToken, observeTime });
  const names = reservations.map(({ claimId }) => claimId);
  if (reservations.length === 0) return { json, text: [], names, messages: ["nothing is reserved"] };
  return { json, text: reservationList(reservations), names };
}
