// Reservations as a table and one by one.
import type { Reservation } from "../../../proto/gen/vgpud/v1/reservation.ts";
import { sizeCells, sizeColumns } from "./gpu-view.ts";
import type { Text } from "./text.ts";
import { stateCell, time, word } from "./words.ts";

export function reservationList(reservations: readonly Reservation[]): Text {
  return [
    {
      kind: "table",
      columns: [
        { title: "CLAIM ID" },
        { title: "GPU" },
        { title: "TYPE" },
        ...sizeColumns,
        { title: "CLAIM" },
        { title: "ENDS" },
        { title: "VGPU", wide: true },
        { title: "CREATED", wide: true },
      ],
      rows: reservations.map((one) => [
        one.claimId,
        one.gpu,
        one.type,
        ...sizeCells(one.sizes),
        stateCell(one.claimState, "CLAIM_STATE"),
        time(one.expireTime),
        one.vgpuId,
        time(one.createTime),
      ]),
    },
  ];
}

export function reservationDetail(one: Reservation): Text {
  return [
    {
      kind: "fields",
      fields: [
        ["claim id", one.claimId],
        ["claim", stateCell(one.claimState, "CLAIM_STATE")],
        ["ends", time(one.expireTime)],
        ["GPU", one.gpu],
        ["backend", word(one.backend, "BACKEND")],
        ["type", one.type],
        ["low GM MiB", one.sizes?.lowGmMib],
        ["high GM MiB", one.sizes?.highGmMib],
        ["fences", one.sizes?.fences],
        ["vGPU", one.vgpuId],
        ["created", time(one.createTime)],
      ],
    },
  ];
}
