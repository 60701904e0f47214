// What a domain may be called: libvirt, QEMU's files and shells all take such a name as it is.

export const DOMAIN_NAME = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._+-]*$/,
  maxBytes: 64,
  described: "1 to 64 letters, digits and ._+- with a letter or digit first",
} as const;

/** For who asks vgpud later, and has something to do before. */
export function isDomainName(text: string): boolean {
  return DOMAIN_NAME.pattern.test(text) && text.length <= DOMAIN_NAME.maxBytes;
}
