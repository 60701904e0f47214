// A real Keystone says whom a real Placement believes, each behind TLS with certificates of an authority of the cloud's own: what an
// agent is given there, what is taken from it again, and what it tells then.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { Authority } from "../e2e/tls/authority.ts";
import { Books, SMALL, type Published } from "../schedulers/booked-world.ts";
import { FaultyPlacement, type SeenRequest } from "../schedulers/faulty-placement.ts";
import { Keystone, type Credential } from "../schedulers/keystone.ts";
import { startPlacement, type Placement } from "../schedulers/placement.ts";
import { TlsFront } from "../schedulers/tls-front.ts";

/** Little more than the minute before its end in which vgpud uses a token no more. */
const TOKEN_SECONDS = 72;
/** Both servers take one request at a time, and each costs the other some. */
const PATIENCE_MS = 240_000;
const TOKENS = /\/auth\/tokens$/;

describe("a host in a cloud with Keystone", function () {
  this.timeout(900_000);
  let folder: string;
  let authority: Authority;
  let keystone: Keystone;
  let placement: Placement;
  /** What is asked of each. */
  let ofKeystone: FaultyPlacement;
  let ofPlacement: FaultyPlacement;
  let authUrl: string;
  const all: AsyncDisposable[] = [];
  let world: World | undefined;

  const owned = <T extends AsyncDisposable>(each: T): T => {
    all.unshift(each);
    return each;
  };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "cloud-"));
    authority = await Authority.root(path.join(folder, "ca"), "cloud");
    const pair = await authority.sign("cloud", { names: "IP:127.0.0.1", usage: "serverAuth" });
    keystone = owned(await Keystone.start());
    placement = owned(await startPlacement({ keystone }));
    ofKeystone = owned(await FaultyPlacement.start(new URL(keystone.url).origin));
    ofPlacement = owned(await FaultyPlacement.start(placement.url));
    authUrl = `${owned(await TlsFront.start(ofKeystone.url, pair)).url}/v3`;
    await keystone.list("placement", owned(await TlsFront.start(ofPlacement.url, pair)).url);
  });
  after(async () => {
    for (const each of all) await each[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await world?.[Symbol.asyncDispose]();
    world = undefined;
    for (const each of [ofKeystone, ofPlacement]) {
      each.behave();
      each.forget();
    }
  });

  async function begin(
    { id, secret }: Pick<Credential, "id" | "secret">,
    { ca = authority.certificate } = {},
  ): Promise<{ readonly world: World; readonly name: string; readonly secretFile: string }> {
    const name = `host-${randomUUID()}`;
    const secretFile = path.join(folder, `${name}.secret`);
    await writeFile(secretFile, `${secret}\n`, { mode: 0o600 });
    const settings = `
scheduler:
  adapter: placement
  first_within: 0s
  heal_every: 1s
  placement:
    root: own
    host: ${name}
    ca_file: ${ca}
    timeout: 30s
    keystone: { auth_url: "${authUrl}", credential_id: "${id}", secret_file: ${secretFile} }
`;
    world = await World.start("", {}, { settings });
    return { world, name, secretFile };
  }

  const saidOf = async ({ rpc }: World): Promise<string> => {
    const { conditions } = await rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
    return conditions.find(({ reason }) => reason === "SCHEDULER_UNAVAILABLE")?.message ?? "";
  };
  const says = (asked: World, words: RegExp): Promise<string> =>
    until(
      `it says ${words.source}`,
      async () => {
        const said = await saidOf(asked);
        return words.test(said) && said;
      },
      PATIENCE_MS,
    );
  const TOLD = /is told what this host has$/;
  const published = async (name: string): Promise<Published> => {
    const gpu = (await new Books(placement).tree(name)).get(`${name}_vgpud_0000_00_02_0`);
    assert.ok(gpu);
    return gpu;
  };

  it("is told of with one token, by the catalogue's address, and its creates are verified", async () => {
    const host = await begin(await keystone.credential("admin"));
    await says(host.world, TOLD);
    const books = new Books(placement);
    const gpu = await published(host.name);
    assert.deepEqual(gpu.inventories["CUSTOM_INTEL_VGPU"], "7/0");
    assert.equal(ofKeystone.seen.length, 1);
    const consumer = randomUUID();
    assert.equal(await books.claim(consumer, gpu.uuid, SMALL), 204);
    await host.world.create("desk-1", (draft) => {
      draft.request.claimId = consumer;
      draft.vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
    });
    const { reason } = await refusal(
      host.world.create("desk-2", (draft) => {
        draft.request.claimId = randomUUID();
        draft.vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
      }),
    );
    assert.equal(reason, "CLAIM_NOT_BOOKED");
  });

  it("takes another token where its own was revoked, and goes on", async () => {
    const host = await begin(await keystone.credential("admin"));
    await says(host.world, TOLD);
    const token = String(ofPlacement.seen.at(-1)?.headers["x-auth-token"]);
    await keystone.revoke(token);
    ofPlacement.forget();
    const isAnother = ({ status, headers }: SeenRequest): boolean =>
      status === 200 && String(headers["x-auth-token"]) !== token;
    const isOver = (): boolean => ofPlacement.seen.some(isAnother);
    await until("it comes with another", () => Promise.resolve(isOver()), PATIENCE_MS);
    assert.ok(
      ofPlacement.seen.some(({ status }) => status === 401),
      "and was told before that its token has ended",
    );
    assert.ok(!host.world.agent.log.includes("the scheduler cannot be told"));
  });

  it("tells that its credential was withdrawn, and makes nothing", async () => {
    const withdrawn = await keystone.credential("admin");
    const host = await begin(withdrawn);
    await says(host.world, TOLD);
    await withdrawn.withdraw();
    const said = await says(host.world, /placement does not let vgpud in: /);
    assert.match(
      said,
      new RegExp(`gives no token for application credential ${withdrawn.id} \\(HTTP 404\\)`),
    );
    const { reason } = await refusal(
      host.world.create("desk-1", (draft) => {
        draft.request.claimId = randomUUID();
      }),
    );
    assert.equal(reason, "SCHEDULER_UNAVAILABLE");
    assert.ok(!(said + host.world.agent.log).includes(withdrawn.secret), "the secret is told nobody");
  });

  it("tells that its secret is wrong, and takes the right one without a restart", async () => {
    const { id, secret } = await keystone.credential("admin");
    const host = await begin({ id, secret: "wrong" });
    await says(host.world, /placement does not let vgpud in: .*gives no token .*\(HTTP 401\)/);
    await writeFile(host.secretFile, secret);
    await says(host.world, TOLD);
  });

  it("tells that its credential has not the role", async () => {
    const host = await begin(await keystone.credential("reader"));
    await says(host.world, /placement does not let vgpud in: Placement refuses .* with HTTP 403/);
    assert.deepEqual([...(await new Books(placement).tree(host.name)).keys()], []);
  });

  it("sends no secret to a server whose certificate is another authority's, and says so", async () => {
    const other = await Authority.root(path.join(folder, "other"), "other");
    const host = await begin(await keystone.credential("admin"), { ca: other.certificate });
    const said = await says(host.world, /placement does not answer/);
    assert.match(said, /POST https:.*\/auth\/tokens: .*certificate/);
    assert.deepEqual(ofKeystone.seen, []);
  });

  it("takes another token before one ends, and no round fails of it", async () => {
    const credential = await keystone.credential("admin");
    await keystone.boot(TOKEN_SECONDS);
    const host = await begin(credential);
    await says(host.world, TOLD);
    const tokens = (): number => ofKeystone.seen.filter(({ path: where }) => TOKENS.test(where)).length;
    await until("it has had three tokens", () => Promise.resolve(tokens() >= 3), PATIENCE_MS);
    ofPlacement.forget();
    await ofPlacement.saw({}, 3);
    assert.ok(ofPlacement.seen.every(({ status }) => status !== 401));
    assert.ok(!host.world.agent.log.includes("the scheduler cannot be told"));
    assert.match(await saidOf(host.world), TOLD);
  });
});
