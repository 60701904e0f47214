// Two domains on one image destroy it unless both only read: a create that would share one is refused. Pure.
import { AgentError } from "../core/errors.ts";
import type { DomainFile, Inventory } from "../inventory/model.ts";
import type { DomainSpec } from "./domain-spec.ts";
import type { Ledger } from "./ledger.ts";
import { rawFiles } from "./raw-xml/files.ts";

/** Everything that the domain opens, and whether it may write there. */
function filesOf(spec: DomainSpec): DomainFile[] {
  if (spec.raw) return rawFiles(spec.raw);
  const reads = (path: string): DomainFile => ({ path, writable: false });
  return [
    ...spec.disks.flatMap(({ path, readonly, backing }) => [
      { path, writable: !readonly },
      ...backing.map(reads),
    ]),
    ...(spec.seedIso === undefined ? [] : [reads(spec.seedIso)]),
    ...(spec.serial?.logPath === undefined ? [] : [{ path: spec.serial.logPath, writable: true }]),
  ];
}

/**
 * Throws DISK_IN_USE when a claim or any domain that libvirt knows names one of the files, running or not, and one of the
 * two may write. Of foreign domains only the names are compared: to follow them could hang on a dead mount.
 */
export function refuseShared(spec: DomainSpec, ledger: Ledger, { domains }: Inventory): void {
  const own = ledger
    .living()
    .flatMap(({ domain }) => (domain?.spec ? [{ ...domain, files: filesOf(domain.spec) }] : []));
  const shown = domains.known ? [...domains.value.values()] : [];
  const wanted = filesOf(spec);
  refuseSharedWithin(wanted);
  const errors = [...own, ...shown].flatMap(({ id, name, files }) =>
    wanted
      .filter((file) => files.some((other) => collide(file, other)))
      .map(
        ({ path }) =>
          new AgentError(
            "DISK_IN_USE",
            `${path} is used by domain ${name} (${id}), and one of the two may write`,
            {
              details: { path, domain_name: name, domain_uuid: id },
            },
          ),
      ),
  );
  const [first] = errors;
  if (first) throw first;
}

function refuseSharedWithin(files: readonly DomainFile[]): void {
  const twice = files.find((file, index) => files.slice(index + 1).some((other) => collide(file, other)));
  if (!twice) return;
  const message = `the domain names ${twice.path} twice, and may write to it`;
  throw new AgentError("FIELD_INVALID", message, { field: "domain.disks", details: { path: twice.path } });
}

function collide(a: DomainFile, b: DomainFile): boolean {
  return a.path === b.path && (a.writable || b.writable);
}
