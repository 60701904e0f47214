// Every backend that must behave like the others. A new one is a file beside these, a line here and a column of the table.
import type { BackendName } from "../../../../scripts/conformance-page.ts";
import type { Subject } from "../subject.ts";
import { kvmgt } from "./kvmgt.ts";
import { onXen } from "./on-xen.ts";
import { passthrough } from "./passthrough.ts";
import { sriov } from "./sriov.ts";
import { virgl } from "./virgl.ts";
import { xengt, xengt2015ByAgent, xengtByAgent } from "./xengt.ts";

const byName: Readonly<Record<BackendName, Subject>> = {
  ...{ kvmgt, xengt, virgl, passthrough, sriov },
  "xengt by agent": xengtByAgent,
  "xengt 2015 by agent": xengt2015ByAgent,
  "passthrough on Xen": onXen(passthrough, "passthrough on Xen"),
  "sriov on Xen": onXen(sriov, "sriov on Xen"),
};

export const subjects: readonly Subject[] = Object.values(byName);
