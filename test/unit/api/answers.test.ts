// Which answers are given a second time, and when they are made anew.
import assert from "node:assert/strict";
import { Answers } from "../../../agent/api/answers.ts";

const LIST = "/vgpud.v1.GpuService/ListGpus";
const request = Buffer.from("request");

/** Answers made from one value that a test changes. */
class World {
  value: unknown = "before";
  readonly answers = new Answers(() => ["always", this.value]);

  kept(path = LIST, asked = request): string | undefined {
    return this.answers.placeOf(path, asked)?.bytes?.toString();
  }

  keep(text: string, path = LIST, asked = request, decoded: unknown = {}): void {
    this.answers.placeOf(path, asked)?.keep(Buffer.from(text), decoded);
  }
}

describe("the answers to reads", () => {
  it("are given again to the same request", () => {
    const world = new World();
    assert.equal(world.kept(), undefined);
    world.keep("answer");
    assert.equal(world.kept(), "answer");
  });

  it("are told apart by method and request", () => {
    const world = new World();
    world.keep("answer");
    assert.equal(world.kept(LIST, Buffer.from("other")), undefined);
    assert.equal(world.kept("/vgpud.v1.VgpuService/ListVgpus"), undefined);
  });

  it("are made anew each time when they say what domains use, which changes by itself", () => {
    const world = new World();
    for (const path of ["/vgpud.v1.DomainService/ListDomains", "/vgpud.v1.DomainService/GetDomain"]) {
      world.keep("answer", path, request, { withUsage: true });
      assert.equal(world.kept(path), undefined);
      world.keep("answer", path, request, { withUsage: false });
      assert.equal(world.kept(path), "answer");
    }
  });

  it("are made anew once what they were made from has changed, also when it changes back", () => {
    const world = new World();
    world.keep("answer");
    world.value = "after";
    assert.equal(world.kept(), undefined);
    world.value = "before";
    assert.equal(world.kept(), undefined);
  });

  it("are not kept when something changed while they were made", () => {
    const world = new World();
    const place = world.answers.placeOf(LIST, request);
    world.value = "after";
    place?.keep(Buffer.from("of before"), {});
    assert.equal(world.kept(), undefined);
    place?.keep(Buffer.from("of before"), {});
    assert.equal(world.kept(), undefined);
  });

  it("are kept for no method that is not known to follow from them alone", () => {
    const world = new World();
    assert.equal(world.answers.placeOf("/vgpud.v1.DomainService/CreateDomain", request), undefined);
  });

  it("are not kept for a request that is long", () => {
    assert.equal(new World().answers.placeOf(LIST, Buffer.alloc(257)), undefined);
  });

  it("take no more than a MiB together", () => {
    const world = new World();
    const half = "x".repeat(600 * 1024);
    world.keep(half, LIST, Buffer.from("first"));
    world.keep(half, LIST, Buffer.from("second"));
    assert.equal(world.kept(LIST, Buffer.from("first")), undefined);
    assert.equal(world.kept(LIST, Buffer.from("second")), half);
    world.keep("x".repeat(2 * 1024 * 1024));
    assert.equal(world.kept(), undefined);
  });
});
