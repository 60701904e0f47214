// A kernel release as a version that can be compared.

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** From `6.12.107-amd64`; undefined for what does not begin so. */
export function parseKernelVersion(release: string): KernelVersion | undefined {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(?:\D|$)/.exec(release) ?? [];
  return major === undefined || minor === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor) };
}

export function isAtLeast(version: KernelVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
