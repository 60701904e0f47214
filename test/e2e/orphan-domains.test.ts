// A domain that was destroyed and is defined again, as libvirt has it after a power cut that took its unlink back and not the ledger's record.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { exitCodes } from "../../agent/cli/errors/exit-codes.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

describe("a domain that was destroyed and is defined again", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const comesTo = (status: "PASS" | "FAIL"): Promise<Condition> =>
    until(`the condition comes to ${status}`, async () => {
      const { conditions } = await world.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const found = conditions.find(({ reason }) => reason === "DOMAIN_WITHOUT_CLAIM");
      return found?.status === `CONDITION_STATUS_${status}` && found;
    });
  const definition = (): Promise<string> =>
    world.asSomebodyElse(async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName("desk-1"))),
    );
  /** Resolves with its definition when the condition tells of it. */
  const destroyAndDefineAgain = async (): Promise<string> => {
    const xml = await definition();
    await world.destroy("desk-1");
    await world.asSomebodyElse((libvirt) => libvirt.defineDomain(xml));
    await comesTo("FAIL");
    return xml;
  };

  it("is told by a condition with its name and what undefines it, and left alone, until it is gone", async () => {
    // What is to be started with the host, but for its end.
    const { domain } = await world.create("desk-1", ({ spec }) => {
      spec.autostart = true;
    });
    const id = present(domain).uuid;
    const xml = await definition();
    await comesTo("PASS");
    await world.destroy("desk-1");
    await comesTo("PASS");
    await world.kill();
    await world.host.control({ command: "reboot" });
    await world.asSomebodyElse((libvirt) => libvirt.defineDomain(xml));
    await world.startAgain();
    const { message, remedy } = await comesTo("FAIL");
    assert.match(
      message,
      new RegExp(`: 1, as desk-1 \\(${id}\\), made for claim claim-desk-1, which is off`),
    );
    assert.match(remedy, new RegExp(`vgpuctl destroy ${id}\\.`));
    const shown = await world.named("desk-1");
    assert.deepEqual([shown.ownership, shown.state], [Ownership.ORPHAN, DomainState.SHUT_OFF]);
    assert.deepEqual([shown.claimId, shown.claimState], ["claim-desk-1", ClaimState.GONE]);
    const told = await vgpuctl(world.socket, ["domains", "desk-1"]);
    assert.match(told.stdout, /^state: +shut-off$/m);
    assert.match(await world.scrape(), /^vgpud_claims_rebuilt_total 0$/m);
    await world.undefineBehindItsBack("desk-1");
    await comesTo("PASS");
  });

  it("is undefined where somebody asks once more for its end, by its claim or its name", async () => {
    for (const by of ["claimId", "name"] as const) {
      await world.create("desk-1", ({ request }) => {
        request.claimId = `claim-${by}`;
      });
      await destroyAndDefineAgain();
      const ref = { $case: by, value: by === "name" ? "desk-1" : "claim-claimId" } as const;
      const again = DestroyDomainRequest.fromPartial({ domain: { ref } });
      // The second time it is gone already.
      for (let time = 1; time <= 2; time += 1) {
        const { domain } = await world.rpc.call(Domains.destroyDomain, again);
        assert.equal(present(domain).claimState, ClaimState.GONE);
        const left = await world.asSomebodyElse((libvirt) => libvirt.lookupDomainByName("desk-1"));
        assert.equal(left, undefined);
      }
      await comesTo("PASS");
    }
  });

  it("tells no claim where it bears the mark of another slice than that of its claim, and is left alone", async () => {
    await world.create("desk-1");
    const xml = await destroyAndDefineAgain();
    const other = xml.replaceAll(/<vgpud:claim[^>]*\bvgpu=['"][0-9a-f-]{36}/g, (mark) =>
      mark.endsWith("0") ? mark.replace(/0$/, "1") : mark.replace(/.$/, "0"),
    );
    assert.notEqual(other, xml);
    await world.asSomebodyElse((libvirt) => libvirt.defineDomain(other));
    const shown = await until("the other mark is seen", async () => {
      const found = await world.named("desk-1");
      return found.claimId === "" && found;
    });
    assert.deepEqual([shown.ownership, shown.claimState], [Ownership.ORPHAN, ClaimState.UNSPECIFIED]);
    const asked: string[] = [];
    const ask = (question: string): Promise<string> => {
      asked.push(question);
      return Promise.resolve("y");
    };
    const ran = await vgpuctl(world.socket, ["destroy", "desk-1"], { ask });
    assert.equal(ran.exitCode, exitCodes.conflict, ran.stderr);
    assert.deepEqual(asked, []);
    assert.match(ran.stderr, /stands in no claim of vgpud's, so it is left alone/);
  });

  it("is none of vgpud's any more once its mark is off", async () => {
    await world.create("desk-1");
    const xml = await destroyAndDefineAgain();
    await world.asSomebodyElse((libvirt) =>
      libvirt.defineDomain(xml.replace(/<metadata>[^]*<\/metadata>/, "")),
    );
    await comesTo("PASS");
    assert.equal((await world.named("desk-1")).ownership, Ownership.FOREIGN);
  });
});
