// What libvirt does to a caller: it stands still, comes and goes, refuses, loses what it should tell.
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { FaultFields } from "../../../../agent/simulator/faults/fault.ts";
import { GPU } from "../requests.ts";
import { asSomebodyElse, foreignXml } from "../somebody-else.ts";
import { until } from "../until.ts";
import { NEW, STANDING, type Modes, type Scene } from "./mode.ts";

const SOMEBODYS = { name: "somebodys", uuid: "6c9c1f1e-bbbb-4000-8000-000000000001" };
const HOUR_MS = 3_600_000;

const set =
  (...faults: readonly FaultFields[]) =>
  ({ world }: Scene): Promise<void> =>
    world.setFaults(...faults);
const refuses = (method: string) => ({
  come: set({ kind: "LIBVIRT_ERROR", target: method, message: "no luck" }),
  over: "libvirt does it again",
});
const standingIsOff = ({ world }: Scene): Promise<unknown> =>
  world.host.control({ command: "guest", domain: STANDING, does: "poweroff" });

export const ofLibvirt: Modes = {
  "stands still (SIGSTOP)": { come: set({ kind: "LIBVIRT_HANGS" }), over: "SIGCONT" },
  "is killed": { come: set({ kind: "LIBVIRT_GONE" }), over: "it is started" },
  "was killed and started again, and a guest shut down in between": {
    come: async (scene) => {
      const isConnected = async () => (await scene.world.shownHost()).libvirt?.connected;
      await scene.world.setFaults({ kind: "LIBVIRT_GONE" });
      await standingIsOff(scene);
      await until("it is missed", async () => (await isConnected()) === false);
      await scene.world.clearFaults();
      await until("it is back", isConnected);
      await scene.world.sawLibvirt();
    },
    over: "by itself",
  },
  "was replaced by another version": {
    come: async ({ world }) => {
      await world.host.control({ command: "replace-libvirt", version: "11.3.0" });
      await until("it is seen", async () => (await world.shownHost()).libvirt?.version === "11.3.0");
      await world.sawLibvirt();
    },
    over: "by itself",
    own: {},
  },
  "goes in the middle of a create": {
    come: set({ kind: "CREATE_LATE", delay_ms: HOUR_MS, times: 2, gpu: GPU }),
    amid: async ({ world }, answered) => {
      await until("the kernel is asked", () => world.hasStruck("CREATE_LATE"));
      await Promise.all([answered("destroy"), answered("elsewhere")]);
      await world.setFaults({ kind: "LIBVIRT_GONE" });
      await world.host.control({ command: "advance", ms: HOUR_MS });
    },
    over: "it is started",
  },
  "refuses to define domains": refuses("domainDefineXml"),
  "refuses to start domains": refuses("domainCreate"),
  "refuses to force domains off": refuses("domainDestroy"),
  "refuses to undefine domains": refuses("domainUndefine"),
  "fails to list domains": refuses("connectListAllDomains"),
  "fails to list node devices, which nobody asks it for": {
    ...refuses("connectListAllNodeDevices"),
  },
  "has lost the event of a guest that shut down": {
    come: async (scene) => {
      await scene.world.setFaults({ kind: "LIBVIRT_EVENTS_LOST" });
      await standingIsOff(scene);
    },
    // As the resync a minute later would bring it about.
    go: async ({ world }) => {
      await world.clearFaults();
      await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
        await libvirt.undefineDomain(await libvirt.defineDomain(foreignXml(SOMEBODYS)));
      });
      await until("it is seen", async () => (await world.named(STANDING)).claimState === ClaimState.STOPPED);
    },
    over: "the next look at the host, after a minute at the latest",
    isSeenByCalls: true,
    // Nor must a look that is due come in between.
    own: {},
  },
  "takes an hour to start a domain": {
    come: set({ kind: "DOMAIN_STARTS_LATE", object: NEW, delay_ms: HOUR_MS, times: 2 }),
    amid: async ({ world }) => {
      await until("it is asked to", () => world.hasStruck("DOMAIN_STARTS_LATE"));
    },
    holds: ["create"],
    over: "the domain has started",
  },
};
