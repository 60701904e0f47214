// What a domain of somebody else has, on every backend: it is counted and shown, refused to us, and never touched.
import assert from "node:assert/strict";
import { Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { refusal } from "../harness/rpc.ts";
import { foreignXml } from "../harness/somebody-else.ts";
import { until } from "../harness/until.ts";
import { present } from "../harness/world.ts";
import { truthOf, definitionOf, type HostTruth } from "./host-truth.ts";
import { setMode } from "./modes.ts";
import { conform } from "./suite.ts";
import type { Trial } from "./trial.ts";

const THEIRS = { name: "theirs", uuid: "11111111-2222-4333-8444-555555555555" };

/** What is theirs, in every detail. */
interface Untouched {
  readonly domain: HostTruth["domains"][number] | undefined;
  readonly definition: string | undefined;
  readonly made: readonly string[];
}

/** While `act` runs, a domain of somebody else has one of the GPU; it is as it was in the end. */
async function besideTheirs(trial: Trial, act: () => Promise<void>): Promise<void> {
  const { world, subject } = trial;
  const taken = await subject.takeForOthers(world);
  await world.asSomebodyElse(async (libvirt) => {
    await libvirt.startDomain(
      await libvirt.defineDomain(foreignXml({ ...THEIRS, ...taken }, world.libvirtUri)),
    );
  });
  const look = async (): Promise<Untouched> => {
    const truth = await truthOf(world);
    const definition = await definitionOf(world, THEIRS.name);
    const places = subject.given(definition ?? "");
    return {
      domain: truth.domains.find(({ uuid }) => uuid === THEIRS.uuid),
      definition,
      made: subject.made(truth).filter((place) => places.includes(place)),
    };
  };
  const before = await look();
  assert.equal(before.domain?.state, "running");
  await until("it is seen", async () => {
    const [shown] = await world.domains();
    return shown?.state === DomainState.RUNNING && subject.account(await trial.gpu()).foreign === 1;
  });
  await act();
  assert.deepEqual(await look(), before);
  await leave(trial, before);
}

async function leave(trial: Trial, { made }: Untouched): Promise<void> {
  const { world } = trial;
  await world.asSomebodyElse(async (libvirt) => {
    const domain = present(await libvirt.lookupDomainByName(THEIRS.name));
    await libvirt.destroyDomain(domain);
    await libvirt.undefineDomain(domain);
  });
  const { mdevs } = await truthOf(world);
  for (const { uuid } of mdevs)
    if (made.includes(uuid)) await world.host.control({ command: "remove-mdev", uuid });
  await world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "" });
  // What XenGT had made for it vgpud removes by itself, since nobody else does.
  await until("it is seen to be gone, and all it had", async () => {
    const { foreign } = trial.subject.account(await trial.gpu());
    return foreign === 0 && (await world.domains()).length === 0;
  });
}

conform("foreign", {
  "is counted in the account and in /metrics": async (trial) => {
    await besideTheirs(trial, () => trial.assertTaken({ own: 0, foreign: 1 }));
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "is shown as foreign, whoever looks": async (trial) => {
    await besideTheirs(trial, async () => {
      const shown = await trial.world.named(THEIRS.name);
      assert.deepEqual([shown.ownership, shown.claimId], [Ownership.FOREIGN, ""]);
      const vgpus = await trial.world.vgpus();
      assert.ok(vgpus.every(({ ownership }) => ownership === Ownership.FOREIGN));
    });
  },

  "is given to nobody: the rest of the room is, and no more": async (trial) => {
    await besideTheirs(trial, async () => {
      const names = await trial.fill(1);
      const error = await refusal(trial.create("late"));
      assert.equal(error.code, "RESOURCE_EXHAUSTED");
      assert.ok(trial.subject.exhausted.includes(error.reason ?? ""), error.message);
      await trial.assertTaken({ own: names.length, foreign: 1 });
      for (const name of names) await trial.destroy(name);
    });
  },

  "is neither stopped nor destroyed, whoever asks": async (trial) => {
    await besideTheirs(trial, async () => {
      for (const asked of [trial.world.stop(THEIRS.name), trial.world.destroy(THEIRS.name)]) {
        const error = await refusal(asked);
        assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "DOMAIN_FOREIGN"]);
      }
    });
  },

  "keeps the GPU in its mode": async (trial) => {
    const { world, subject } = trial;
    await besideTheirs(trial, async () => {
      const error = await refusal(setMode(world, subject.gpu, subject.otherMode));
      assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "VGPU_IN_USE"], error.message);
      assert.match(error.message, /theirs|of others|\d virtual functions/);
      assert.equal((await trial.gpu()).mode, subject.shown.mode);
    });
  },

  "is left alone by an agent that is killed and started again": async (trial) => {
    const { world } = trial;
    await besideTheirs(trial, async () => {
      await world.kill();
      await world.startAgain();
      const { steps } = await world.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" });
      assert.deepEqual(steps, []);
      await trial.assertTaken({ own: 0, foreign: 1 });
    });
  },
});
