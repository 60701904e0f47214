// A GPU on the command line: its PCI address, of which lspci leaves out the domain where a host has but one.

const WITHOUT_DOMAIN = /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

/** As vgpud takes it; what is no address is left for vgpud to refuse. */
export function gpuAddress(text: string): string {
  return WITHOUT_DOMAIN.test(text) ? `0000:${text}` : text;
}
