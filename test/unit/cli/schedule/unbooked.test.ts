// Claims that nothing is booked for, and bookings that no domain is seen of: what hosts say that have nothing else booked.
import assert from "node:assert/strict";
import { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { GetDomainResponse, ListDomainsResponse } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { GetHostResponse } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { connect } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import * as facts from "../facts.ts";
import { fakeVgpud, type FakeVgpud } from "../fake-vgpud.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";

function domainOn(vgpud: FakeVgpud, claimState: ClaimState = ClaimState.ACTIVE): void {
  vgpud.domains.set(CLAIM, Domain.fromPartial({ ...facts.domain, claimId: CLAIM, claimState }));
}

describe("the status of a claim that nothing is booked for", () => {
  it("finds its domain on the host that has it, and says how it is booked again", async () => {
    await using vgpud = await fakeVgpud();
    domainOn(vgpud);
    const around = new Around(vgpud, [HERE]);
    const ran = await around.schedule(["status", CLAIM]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, new RegExp(`^host: +${HERE}$`, "m"));
    assert.match(ran.stdout, /^booked: +nothing$/m);
    assert.match(
      ran.stderr,
      new RegExp(
        `^warning: nothing is booked for claim ${CLAIM}, and ${HERE} has a domain of it\nhint: to book it again .* --claim-id ${CLAIM}\n$`,
      ),
    );
    const { stdout } = await around.schedule(["status", CLAIM, "-o", "json"]);
    const { host, booking, domain_host: at } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([host, booking, at], [HERE, "none", HERE]);
    const destroy = await around.schedule(["destroy", CLAIM, "--now"]);
    assert.match(destroy.stderr, /hint: to end it: .* --now\nhint: to book it again /);
  });

  it("says that no host has a domain of it only where all say so", async () => {
    await using vgpud = await fakeVgpud();
    const none = await new Around(vgpud, [HERE]).schedule(["status", CLAIM]);
    assert.equal(none.exitCode, exitCodes.failure);
    assert.equal(
      none.stderr,
      `error: nothing is booked for claim ${CLAIM}, and no host has a domain of it\n`,
    );
    domainOn(vgpud, ClaimState.GONE);
    const gone = await new Around(vgpud, [HERE]).schedule(["status", CLAIM]);
    assert.equal(gone.stderr, none.stderr);
    const here = await new Around(vgpud, [HERE]).schedule(["status", CLAIM, "--host", HERE]);
    const text = `nothing is booked for claim ${CLAIM}, and ${HERE} has no domain of it`;
    assert.deepEqual([here.exitCode, here.stderr], [exitCodes.failure, `error: ${text}\n`]);
    const unsure = await new Around(vgpud, [HERE, ELSEWHERE]).schedule(["status", CLAIM]);
    assert.equal(unsure.exitCode, exitCodes.unreachable);
    assert.match(unsure.stderr, new RegExp(`whether ${ELSEWHERE} has a domain of it is not known\n`));
    assert.match(unsure.stderr, new RegExp(`hint: .* schedule status ${CLAIM} --host NAME\n$`));
  });
});

describe("the status of a booking whose domain is gone", () => {
  it("names the host of a domain that is there alone, and shows what is told of the one that is gone", async () => {
    await using vgpud = await fakeVgpud();
    domainOn(vgpud, ClaimState.GONE);
    const told = async (around: Around, environment: Partial<Environment> = {}): Promise<unknown> => {
      around.book(CLAIM, HERE);
      const { stdout } = await around.schedule(["status", CLAIM, "-o", "json"], environment);
      const { domain, domain_host: at } = JSON.parse(stdout) as {
        readonly domain: Readonly<Record<string, unknown>>;
        readonly domain_host: unknown;
      };
      return [domain["claim_state"], at];
    };
    assert.deepEqual(await told(new Around(vgpud, [HERE])), ["CLAIM_STATE_GONE", null]);
    const path = "/run/other.sock";
    const withOther: Environment["connect"] = (options) => {
      const real = connect(options);
      if (options.target.kind !== "socket" || options.target.path !== path) return real;
      const host = { scheduler: { host: ELSEWHERE } };
      const domain = Domain.fromPartial({ ...facts.domain, claimId: CLAIM });
      return {
        ...real,
        getHost: () => Promise.resolve(GetHostResponse.fromPartial({ host })),
        getDomain: () => Promise.resolve(GetDomainResponse.fromPartial({ domain })),
      };
    };
    const both = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: path });
    assert.deepEqual(await told(both, { connect: withOther }), ["CLAIM_STATE_GONE", ELSEWHERE]);
  });

  it("is shown as its host tells it, or that it has none, where Placement does not say which others there are", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [HERE]);
    around.book(CLAIM, HERE);
    around.api.all = () => Promise.reject(new PlacementError("unreachable", "GET: refused"));
    const none = await around.schedule(["status", CLAIM]);
    assert.equal(none.exitCode, exitCodes.unreachable);
    assert.match(none.stdout, new RegExp(`^host: +${HERE}\nGPU: +0000:00:02\\.0\nbooked: +CUSTOM_`, "m"));
    const text = `none on ${HERE}, and whether another has one is not known`;
    assert.match(none.stdout, new RegExp(`^domain: +${text}$`, "m"));
    const unknown = `whether another host has a domain of claim ${CLAIM} is not known`;
    assert.ok(
      none.stderr.startsWith(`error: ${unknown}: cannot ask Placement: GET: refused\nhint: where it is: `),
      none.stderr,
    );
    domainOn(vgpud, ClaimState.GONE);
    const { stdout, exitCode } = await around.schedule(["status", CLAIM, "-o", "json"]);
    const { booking, domain_host: at } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([booking, at, exitCode], ["held", null, exitCodes.unreachable]);
  });
});

describe("a list with a booking that its host has no domain of", () => {
  const files = { [ELSEWHERE]: "/run/other.sock" };
  /** The other host answers by the same vgpud, and has nothing. */
  const withOther: Environment["connect"] = (options) => {
    const { target } = options;
    const vgpud = connect(options);
    if (target.kind !== "socket" || target.path !== files[ELSEWHERE]) return vgpud;
    const host = { scheduler: { host: ELSEWHERE } };
    return {
      ...vgpud,
      getHost: () => Promise.resolve(GetHostResponse.fromPartial({ host })),
      listDomains: () => Promise.resolve(ListDomainsResponse.create()),
    };
  };
  const domainsIn = (stdout: string): unknown => {
    const { claims } = JSON.parse(stdout) as { readonly claims: readonly Record<string, unknown>[] };
    return claims.map((each) => [each["domain"], each["domain_known"], each["domain_host"]]);
  };

  it("names a host that has it though nothing is booked there", async () => {
    await using vgpud = await fakeVgpud();
    domainOn(vgpud);
    const around = new Around(vgpud, [ELSEWHERE], files);
    around.book(CLAIM, ELSEWHERE);
    const ran = await around.schedule(["list"], { connect: withOther });
    assert.match(
      ran.stderr,
      new RegExp(`^warning: ${ELSEWHERE} has no domain of claim ${CLAIM}, .* and ${HERE} has one: `),
    );
    assert.doesNotMatch(ran.stderr, /bookings without a domain/);
    const { stdout } = await around.schedule(["list", "-o", "json"], { connect: withOther });
    assert.deepEqual(domainsIn(stdout), [[null, true, HERE]]);
  });

  it("does not say that there is none while a host does not answer, and leads to the claim's status first", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [ELSEWHERE], files);
    around.book(CLAIM, ELSEWHERE);
    const sure = await around.schedule(["list"], { connect: withOther });
    assert.match(
      sure.stderr,
      new RegExp(
        `^hint: bookings without a domain: 1; .* status ${CLAIM}; to give it back: .* destroy ${CLAIM}\n$`,
      ),
    );
    const away = new Around(vgpud, [ELSEWHERE], { ...files, [HERE]: "/nonexistent/vgpud.sock" });
    away.book(CLAIM, ELSEWHERE);
    const unsure = await away.schedule(["list"], { connect: withOther });
    assert.match(unsure.stderr, new RegExp(`^warning: domains of ${HERE} are not known: `));
    assert.match(
      unsure.stderr,
      /hint: bookings without a domain on their hosts, of which the hosts that could not be asked may have one: 1; /,
    );
    const { stdout } = await away.schedule(["list", "-o", "json"], { connect: withOther });
    assert.deepEqual(domainsIn(stdout), [[null, false, null]]);
  });
});
