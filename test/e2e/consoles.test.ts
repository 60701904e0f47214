// Where to look at a domain, whoever made it, over starts that each choose other ports.
import assert from "node:assert/strict";
import { ConsoleListen, type Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { Graphics } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import type { Draft } from "./harness/requests.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

describe("the consoles of a domain, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const withConsoles = ({ spec }: Draft): void => {
    spec.graphics = Graphics.fromPartial({ vnc: { listen: "0.0.0.0" }, spice: {} });
  };
  const uris = (domain: Domain | undefined): readonly string[] =>
    present(domain).consoles.map(({ uri }) => uri);

  it("are told as soon as it runs, of one that is off not, and with the ports of the last start", async () => {
    const desk = present((await world.create("desk", withConsoles)).domain);
    assert.deepEqual(uris(desk), ["vnc://127.0.0.1:5900", "spice://127.0.0.1:5901"]);
    const [vnc] = desk.consoles;
    assert.deepEqual(
      [vnc?.kind, vnc?.listen, vnc?.address, vnc?.port, vnc?.tlsPort],
      ["vnc", ConsoleListen.ADDRESS, "0.0.0.0", 5900, undefined],
    );
    assert.deepEqual(uris((await world.stop("desk", { gracePeriod: {} })).domain), []);
    const lab = await world.create("lab", withConsoles);
    assert.deepEqual(uris(lab.domain), ["vnc://127.0.0.1:5900", "spice://127.0.0.1:5901"]);
    const again = await world.start("desk");
    assert.deepEqual(uris(again.domain), ["vnc://127.0.0.1:5902", "spice://127.0.0.1:5903"]);
    assert.deepEqual(uris(await world.named("desk")), uris(again.domain));
  });

  it("are told of domains that others made, without a password, for people and for scripts", async () => {
    const graphics = [
      "<graphics type='vnc' port='5950' websocket='5750' passwd='s3cret' listen='127.0.0.1'/>",
      "<graphics type='spice'><listen type='none'/></graphics>",
    ].join("");
    const plain = foreignXml({ name: "theirs", uuid: "11111111-2222-4333-8444-555555555555" });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const domain = await libvirt.defineDomain(plain.replace("</devices>", `${graphics}</devices>`));
      await libvirt.startDomain(domain);
    });
    await until("it is seen to run", async () =>
      (await vgpuctl(world.socket, ["domains"])).stdout.includes("running"),
    );
    const shown = await vgpuctl(world.socket, ["domains", "theirs"]);
    assert.match(
      shown.stdout,
      /^consoles: +vnc:\/\/127\.0\.0\.1:5950 \(WebSockets: port 5750\) spice \(listens nowhere\)$/m,
    );
    const { stdout } = await vgpuctl(world.socket, ["domains", "theirs", "-o", "json"]);
    const { domain } = JSON.parse(stdout) as { readonly domain: { readonly consoles: unknown } };
    assert.deepEqual(domain.consoles, [
      {
        ...{ kind: "vnc", uri: "vnc://127.0.0.1:5950", listen: "CONSOLE_LISTEN_ADDRESS" },
        ...{ address: "127.0.0.1", port: 5950, websocket_port: 5750, unix_socket: "" },
      },
      {
        ...{ kind: "spice", uri: "", listen: "CONSOLE_LISTEN_NOWHERE" },
        ...{ address: "", unix_socket: "" },
      },
    ]);
    assert.doesNotMatch(`${shown.stdout}${stdout}`, /s3cret/);
  });
});
