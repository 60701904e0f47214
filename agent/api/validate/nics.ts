// Network devices of a request. Whether the host lets them connect there is the lifecycle's business (spec-gate.ts).
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { Nic } from "../../lifecycle/domain-spec.ts";
import { all, each, formed, inRange, invalid, join, known, required, unsupportedHere } from "./fields.ts";
import { BRIDGE, MAC, MAX_NICS, MTU, NETWORK } from "./forms.ts";

const models = {
  [pb.NetworkModel.UNSPECIFIED]: "default",
  [pb.NetworkModel.VIRTIO]: "virtio",
  [pb.NetworkModel.E1000E]: "e1000e",
  [pb.NetworkModel.XEN]: "xen",
  [pb.NetworkModel.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.NetworkModel, Nic["model"] | "default" | undefined>;

/** What a hypervisor makes of the model that was asked for. @throws AgentError when it has none such */
export type NicRule = (model: Nic["model"] | "default", field: string) => Nic["model"];

export function parseNics(nics: readonly pb.NetworkInterface[], path: string, rule: NicRule): readonly Nic[] {
  if (nics.length > MAX_NICS) throw invalid(path, `must be at most ${MAX_NICS}, are ${nics.length}`);
  return each(nics, (nic, index) => {
    const field = `${path}[${index}]`;
    return all<Nic>({
      to: () => parseAttachment(nic.attachment, field),
      mac: () => parseMac(nics, index, join(field, "mac")),
      model: () => rule(known(models[nic.model], join(field, "model")), join(field, "model")),
      mtu: () => (nic.mtu === undefined ? undefined : inRange(join(field, "mtu"), nic.mtu, MTU)),
    });
  });
}

function parseAttachment(to: pb.NetworkInterface["attachment"], path: string): Nic["to"] {
  if (!to) throw required(`${path}.attachment`);
  return to.$case === "network"
    ? { network: formed(join(path, "network"), to.value, NETWORK) }
    : { bridge: formed(join(path, "bridge"), to.value, BRIDGE) };
}

function parseMac(nics: readonly pb.NetworkInterface[], index: number, field: string): string | undefined {
  const macs = nics.map(({ mac }) => mac.toLowerCase());
  const mac = macs[index] ?? "";
  if (mac === "") return undefined;
  const address = formed(field, mac, MAC);
  if (address === "00:00:00:00:00:00") throw invalid(field, "must not be all zero");
  if (macs.indexOf(mac) < index) throw invalid(field, `is ${mac}, which another device of the domain has`);
  return address;
}

export const kvmNic: NicRule = (model, field) => {
  if (model === "xen")
    throw unsupportedHere(field, "Xen's network device needs Xen, and this host runs KVM; use VIRTIO");
  return model === "default" ? "virtio" : model;
};
