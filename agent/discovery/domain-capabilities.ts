// What libvirt's domain capabilities say that a guest may have (libvirt: docs/formatdomaincaps.rst). Pure.
import { attributeOf, childOf, childrenOf, parseXml, textOf } from "../core/xml.ts";

/** By libvirt's own words: `vnc`, `egl-headless`; `virtio`, `qxl`. */
export interface OfferedDevices {
  readonly graphics: readonly string[];
  readonly videos: readonly string[];
}

/** Undefined where the document does not say, as those before libvirt 3.4, and those of other hypervisors' drivers. */
export function offeredDevices(xml: string): OfferedDevices | undefined {
  const devices = childOf(parseXml(xml), "devices");
  const values = (device: string, name: string): readonly string[] | undefined => {
    const listed = childrenOf(childOf(devices, device), "enum").find(
      (each) => attributeOf(each, "name") === name,
    );
    return listed && childrenOf(listed, "value").map(textOf);
  };
  const [graphics, videos] = [values("graphics", "type"), values("video", "modelType")];
  return graphics && videos && { graphics, videos };
}
