// The device models that every Xen host has: where Xen's own layout puts QEMU, and where Debian does.

export const STOCK_DEVICE_MODELS = [
  "/usr/lib/xen/bin/qemu-system-i386",
  "/usr/libexec/xen-qemu-system-i386",
] as const;
