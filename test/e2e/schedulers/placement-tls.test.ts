// A Placement behind TLS: the agent believes whom its file of CAs vouches for, and says why it does not believe another.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { TlsFront } from "../../schedulers/tls-front.ts";
import { refusal } from "../harness/rpc.ts";
import { SimulatedAgent } from "../harness/simulated-agent.ts";
import { until } from "../harness/until.ts";
import { Authority, type Pair } from "../tls/authority.ts";

const NAMES = "DNS:localhost,IP:127.0.0.1";

describe("a Placement behind TLS", function () {
  this.timeout(180_000);
  let folder: string;
  let placement: Placement;
  let ca: Authority;
  let other: Authority;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "placement-tls-"));
    placement = await startPlacement();
    ca = await Authority.root(path.join(folder, "ca"), "cloud");
    other = await Authority.root(path.join(folder, "other"), "others");
  });
  after(async () => {
    await (placement as Placement | undefined)?.stop();
    await rm(folder, { recursive: true });
  });

  /** What an agent says of the scheduler in the end, and of a claim. */
  async function told(
    { url }: TlsFront,
    more: Readonly<Record<string, string>>,
  ): Promise<{
    readonly status: string;
    readonly message: string;
    readonly reason: string | undefined;
    readonly isTold: boolean;
  }> {
    const config = path.join(folder, `${randomUUID()}.yaml`);
    const settings = { endpoint: url, root: "own", host: `tls-${randomUUID().slice(0, 8)}`, ...more };
    const scheduler = { adapter: "placement", first_within: "0s", placement: settings };
    await writeFile(config, JSON.stringify({ scheduler }));
    await using agent = await SimulatedAgent.start("--config", config);
    const { status, message } = await until("the first round is over", async () => {
      const { conditions } = await agent.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const found = conditions.find((each) => each.reason === "SCHEDULER_UNAVAILABLE");
      return found && !found.status.endsWith("UNKNOWN") && found;
    });
    const vgpu = { gpu: "0000:00:02.0", want: { $case: "type", value: "i915-GVTg_V5_8" } } as const;
    const asked = agent.rpc.call(
      Vgpus.createVgpu,
      CreateVgpuRequest.fromPartial({ claimId: randomUUID(), vgpu }),
    );
    const { reason } = await refusal(asked);
    const { host: shown } = await agent.rpc.call(Hosts.getHost, {});
    return { status, message, reason, isTold: shown?.scheduler?.told === true };
  }

  const host = (authority: Authority, names = NAMES): Promise<Pair> =>
    authority.sign("placement", { names, usage: "serverAuth" });

  it("is told and asked where its CA is the one of the file", async () => {
    await using front = await TlsFront.start(placement.url, await host(ca));
    const { status, reason, isTold } = await told(front, { ca_file: ca.certificate });
    assert.deepEqual([status, reason, isTold], ["CONDITION_STATUS_PASS", "CLAIM_NOT_BOOKED", true]);
  });

  const untrusted: Readonly<
    Record<
      string,
      readonly [ca: () => Authority, names: string, file: () => string | undefined, says: RegExp]
    >
  > = {
    "its CA is another one": [() => other, NAMES, () => ca.certificate, /self-signed certificate|unable to/],
    "no file vouches for its CA": [() => ca, NAMES, () => undefined, /self-signed certificate|unable to/],
    "its certificate is another host's": [
      () => ca,
      "DNS:elsewhere.test",
      () => ca.certificate,
      /does not match certificate's altnames/,
    ],
  };
  for (const [what, [authority, names, file, says]] of Object.entries(untrusted))
    it(`is sent nothing, and nothing is made, where ${what}; the condition says why`, async () => {
      await using front = await TlsFront.start(placement.url, await host(authority(), names));
      const caFile = file();
      const more = caFile === undefined ? {} : { ca_file: caFile };
      const { status, message, reason, isTold } = await told(front, more);
      assert.deepEqual([status, reason, isTold], ["CONDITION_STATUS_FAIL", "SCHEDULER_UNAVAILABLE", false]);
      assert.match(message, says);
      assert.equal(front.served, 0);
    });
});
