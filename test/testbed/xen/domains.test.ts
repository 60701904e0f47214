// Domains of real Xen under libvirt's driver for it: what the agent builds on, and what it must not rely on. A PV one boots as a guest
// of vgpud (functions.ts), HVM ones have slices (xengt.test.ts), and long/domains.test.ts has both without vgpud.
import { lives } from "./domain-life.ts";

describe("a domain under Xen", () => {
  describe("of kind pvh", () => {
    lives("pvh");
  });
});
