// Which of the domains there are a definition is of, as libvirt judges it: by UUID and name, which have to agree (virDomainObjListAdd).
import type { Definition } from "./definition.ts";
import type { Domain } from "./domain.ts";
import { domainClash } from "./refusals.ts";

/** Undefined for a new one. @throws LibvirtError when one of both is another domain's */
export function sameDomain(
  { uuid, name }: Pick<Definition, "uuid" | "name">,
  domains: readonly Domain[],
): Domain | undefined {
  const sameUuid = domains.find((domain) => domain.uuid === uuid);
  if (sameUuid !== undefined && sameUuid.name !== name) {
    throw domainClash(`domain '${sameUuid.name}' is already defined with uuid ${uuid}`);
  }
  const sameName = domains.find((domain) => domain.name === name);
  if (sameName !== undefined && sameName.uuid !== uuid) {
    throw domainClash(`domain '${name}' already exists with uuid ${sameName.uuid}`);
  }
  return sameUuid;
}
