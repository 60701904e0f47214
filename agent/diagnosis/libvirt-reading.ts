// What libvirt says of itself, for the checks; of a copied tree it is what was written down when it was copied.
import type { OfferedDevices } from "../discovery/domain-capabilities.ts";

export type LibvirtReading =
  /** Nobody could ask, as of a copied tree that says nothing of it. */
  | { readonly asked: false; readonly why: string }
  | { readonly asked: true; readonly answers: false; readonly uri: string; readonly why: string }
  | {
      readonly asked: true;
      readonly answers: true;
      readonly uri: string;
      /** `9.0.0` */
      readonly version: string;
      /** The driver's own name: `QEMU`, `Xen`. */
      readonly driver: string;
      /** What a guest may have; undefined where it was not asked or does not say. */
      readonly offered?: OfferedDevices | undefined;
    };
