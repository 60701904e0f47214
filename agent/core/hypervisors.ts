// What a host is to the machines that may run on it: the words of the contract, the command line, metrics and traits.

export const hypervisors = ["kvm", "xen", "xen-guest", "none"] as const;

/** `xen`: dom0 of Xen; `xen-guest`: a machine on a Xen whose dom0 is another, where no vGPU is made; `none`: QEMU emulates the processor. */
export type HypervisorName = (typeof hypervisors)[number];
