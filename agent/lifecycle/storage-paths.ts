// What the lifecycle asks about files that a caller names. Implemented in host/storage-roots.ts.

/** A disk that may be used. */
export interface ResolvedDisk {
  /** The real path of a file, links resolved; of a block device the name that the configuration has for it. */
  readonly path: string;
  readonly source: "file" | "block";
  /** The images below it, resolved, the nearest first. */
  readonly backing: readonly string[];
}

/** Each call throws PATH_NOT_ALLOWED with `field` for what lies below no configured storage root. */
export interface StoragePaths {
  /** A file that is there, with every image of its backing chain, or a block device that the configuration lists. */
  disk(path: string, format: "raw" | "qcow2", field: string): Promise<ResolvedDisk>;
  /** The real path of a file that is there and only read. */
  file(path: string, field: string): Promise<string>;
  /** The path of a log, its directory resolved. The file may be missing and must not be a link. */
  log(path: string, field: string): Promise<string>;
}
