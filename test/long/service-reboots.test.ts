// vgpud as a service over reboots of its host, with libvirtd started at boot and by the first client that connects.
import { mkdir, writeFile } from "node:fs/promises";
import { Bed } from "../testbed/bed.ts";
import { ServiceInBed } from "../testbed/service-in-bed.ts";
import { reboots } from "../testbed/systemd-reboot.ts";

const lifeLog = "dist/testbed-log";

describe("vgpud as a service, over reboots of the host", function () {
  this.timeout(900_000);
  let bed: Bed;
  let service: ServiceInBed;
  const life: string[] = [];

  before(async () => {
    bed = await Bed.start({ share: process.cwd(), init: "systemd" });
    service = await ServiceInBed.install(bed);
  });
  after(async () => {
    await mkdir(lifeLog, { recursive: true });
    await writeFile(`${lifeLog}/service-reboots.log`, `${life.join("\n\n")}\n`);
    // First what would live on: where the installation failed there is no service.
    await bed.stop();
    service.close();
  });

  reboots({
    bed: () => bed,
    service: () => service,
    tell: (what, text) => void life.push(`# ${what}\n${text}`),
    behindSocket: true,
  });
});
