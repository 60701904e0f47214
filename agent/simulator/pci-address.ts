// Pure: arithmetic with PCI addresses.
import { parsePciAddress, type PciAddress } from "../core/ids.ts";

const FUNCTIONS_EACH = 8;
const DEVICES_EACH = 32;

/** Domain, bus, device and function. */
export function partsOf(address: PciAddress): readonly [number, number, number, number] {
  const [domain = 0, bus = 0, slot = 0, fn = 0] = address
    .split(/[:.]/)
    .map((part) => Number.parseInt(part, 16));
  return [domain, bus, slot, fn];
}

/** Undefined when a part is out of its range. */
export function addressOf([domain, bus, slot, fn]: readonly [number, number, number, number]):
  PciAddress | undefined {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return parsePciAddress(`${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn}`);
}

/** Of the GPU's `number`th virtual function, counted from 1: Intel's come right after the GPU, one after the other. */
export function virtualAddress(gpu: PciAddress, number: number): PciAddress {
  const [domain, bus, slot, fn] = partsOf(gpu);
  const routing = (bus * DEVICES_EACH + slot) * FUNCTIONS_EACH + fn + number;
  const device = Math.floor(routing / FUNCTIONS_EACH);
  const address = addressOf([
    domain,
    Math.floor(device / DEVICES_EACH),
    device % DEVICES_EACH,
    routing % FUNCTIONS_EACH,
  ]);
  if (address === undefined) throw new RangeError(`${gpu} has no virtual function ${number}`);
  return address;
}
