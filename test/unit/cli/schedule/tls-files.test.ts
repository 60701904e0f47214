// Files by which hosts are reached, and that are wrong for every host alike.
import assert from "node:assert/strict";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { FILES, reading, scheduling } from "../scheduling.ts";
import { vgpuctl } from "../vgpuctl.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const FILE = "/etc/vgpud/schedule.yaml";

describe("a file of agents.tls that cannot be used", () => {
  it("is told alike by each command, by its key, and nobody is asked for anything", async () => {
    const tls = "{ ca: /none/ca.pem, certificate: /none/me.pem, key: /none/me.key }";
    const text = `placement: { endpoint: "http://127.0.0.1:1" }\nagents: { address: "{host}:9470", tls: ${tls} }`;
    for (const argv of [
      ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"],
      ["list"],
      ["status", CLAIM],
      ["destroy", CLAIM],
    ]) {
      const ran = await vgpuctl(undefined, ["schedule", ...argv], {
        ...scheduling(CLAIM),
        ...reading({ ...FILES, [FILE]: text }),
        placement: () => assert.fail("Placement is asked"),
      });
      assert.equal(ran.exitCode, exitCodes.usage, ran.stderr);
      assert.equal(
        ran.stderr,
        `error: ${FILE}: cannot read agents.tls.ca /none/ca.pem: there is no such file\n`,
      );
      assert.deepEqual(ran.notes, []);
    }
  });
});
