// Holds a domain against what this host's configuration allows, and replaces what it names by what that really is.
import { AgentError } from "../core/errors.ts";
import type { Disk, DomainSpec, Nic } from "./domain-spec.ts";
import type { Referred } from "./raw-xml/filter.ts";
import { formatOf, rawReferences, withRawReferences } from "./raw-xml/files.ts";
import type { RawDomain } from "./raw-xml/raw-domain.ts";
import type { StoragePaths } from "./storage-paths.ts";

/** What the configuration lets domains use, beside files. */
export interface HostPolicy {
  readonly networks: readonly string[];
  readonly bridges: readonly string[];
  readonly allowRawXml: boolean;
}

const RAW = "domain.raw_xml";

export class SpecGate {
  readonly #storage: StoragePaths;
  readonly #policy: () => HostPolicy;

  /** `policy` is asked at each check: the configuration may change while the agent runs. */
  constructor(storage: StoragePaths, policy: () => HostPolicy) {
    this.#storage = storage;
    this.#policy = policy;
  }

  /**
   * The specification with every path resolved.
   * @throws AgentError all of PATH_NOT_ALLOWED and NETWORK_NOT_ALLOWED at once; RAW_XML_DISABLED
   */
  async admit(spec: DomainSpec): Promise<DomainSpec> {
    if (spec.raw) return { ...spec, raw: await this.#admitRaw(spec.raw) };
    const errors: AgentError[] = [];
    const tried = async <T>(
      value: T | undefined,
      check: (value: T) => Promise<T>,
    ): Promise<T | undefined> => {
      if (value === undefined) return undefined;
      return check(value).catch((error: unknown) => {
        errors.push(AgentError.from(error));
        return value;
      });
    };
    for (const [index, nic] of spec.nics.entries())
      errors.push(...this.#nicErrors(nic, `domain.nics[${index}]`));
    const disks = await Promise.all(
      spec.disks.map((disk, index) =>
        tried(disk, (given) => this.#disk(given, `domain.disks[${index}].path`)),
      ),
    );
    const file = (field: string) => (path: string) => this.#storage.file(path, field);
    const { kernelBoot, serial } = spec;
    const kernel = await tried(kernelBoot?.kernel, file("domain.boot.kernel.kernel_path"));
    const initrd = await tried(kernelBoot?.initrd, file("domain.boot.kernel.initrd_path"));
    const seedIso = await tried(spec.seedIso, (path) => this.#cd(path, "domain.seed_iso.path"));
    const logPath = await tried(serial?.logPath, (path) => this.#storage.log(path, "domain.serial.log_path"));
    const romPath = await tried(spec.igd?.romPath, file("domain.igd.rom_path"));
    const merged = AgentError.merged(errors);
    if (merged) throw merged;
    return {
      ...spec,
      igd: spec.igd && { ...spec.igd, romPath },
      disks: disks.filter((disk) => disk !== undefined),
      kernelBoot: kernelBoot && { ...kernelBoot, kernel: kernel ?? kernelBoot.kernel, initrd },
      seedIso,
      serial: serial && { logPath },
    };
  }

  async #disk(disk: Disk, field: string): Promise<Disk> {
    return { ...disk, ...(await this.#storage.disk(disk.path, disk.format, field)) };
  }

  /** As a disk of raw format, and always a file. */
  async #cd(path: string, field: string): Promise<string> {
    await this.#storage.disk(path, "raw", field);
    return this.#storage.file(path, field);
  }

  #nicErrors({ to }: Nic, field: string): AgentError[] {
    const { networks, bridges } = this.#policy();
    if ("network" in to)
      return notListed(networks, to.network, { field: `${field}.network`, key: "networks" });
    return notListed(bridges, to.bridge, { field: `${field}.bridge`, key: "bridges" });
  }

  async #admitRaw(raw: RawDomain): Promise<RawDomain> {
    const { allowRawXml } = this.#policy();
    if (!allowRawXml) {
      const message = `${RAW} is not allowed on this host: its configuration does not set allow_raw_xml`;
      throw new AgentError("RAW_XML_DISABLED", message, { field: RAW });
    }
    const errors: AgentError[] = [];
    const values = new Map<string, string>();
    for (const reference of rawReferences(raw)) {
      try {
        values.set(reference.path, await this.#resolved(reference));
      } catch (error) {
        const { reason, message, details } = AgentError.from(error);
        errors.push(
          new AgentError(reason, `${reference.path}: ${message}`, { details, field: RAW, cause: error }),
        );
      }
    }
    const merged = AgentError.merged(errors);
    if (merged) throw merged;
    return withRawReferences(raw, values);
  }

  async #resolved(reference: Referred): Promise<string> {
    const { kind, value } = reference;
    const { networks, bridges } = this.#policy();
    const field = RAW;
    switch (kind) {
      case "network":
      case "bridge": {
        const [list, key] = kind === "network" ? [networks, "networks"] : [bridges, "bridges"];
        const [error] = notListed(list, value, { field, key });
        if (error) throw error;
        return value;
      }
      case "boot-file":
        return this.#storage.file(value, field);
      case "log-file":
        return this.#storage.log(value, field);
      case "disk-file":
      case "block-device": {
        const disk = await this.#storage.disk(value, formatOf(reference), field);
        if (disk.source === (kind === "disk-file" ? "file" : "block")) return disk.path;
        const message = `${value} is a ${disk.source === "file" ? "file" : "block device"}, which the disk's type does not say`;
        throw new AgentError("PATH_NOT_ALLOWED", message, { field, details: { path: value } });
      }
    }
  }
}

function notListed(
  list: readonly string[],
  name: string,
  { field, key }: { readonly field: string; readonly key: string },
): AgentError[] {
  if (list.includes(name)) return [];
  const listed = list.length === 0 ? "it lists none" : `it lists ${list.join(", ")}`;
  const message = `${name} is not among the ${key} of this host's configuration; ${listed}: a reload takes what is added to ${key}`;
  return [new AgentError("NETWORK_NOT_ALLOWED", message, { field, details: { name } })];
}
