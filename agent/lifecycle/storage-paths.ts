// What the lifecycle asks about files that a caller names. Implemented in host/storage-roots.ts.

/** Which kind of file a field takes. */
export type FileKind = "disk" | "boot";

export interface StoragePaths {
  /**
   * The real path of a file, links resolved, when it and (for a disk) every image of its backing chain lie below a
   * configured storage root. Throws PATH_NOT_ALLOWED with `field` otherwise.
   */
  resolve(path: string, kind: FileKind, field: string): Promise<string>;
}
