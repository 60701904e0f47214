import assert from "node:assert/strict";
import { KnownDefinitions } from "../../../agent/discovery/known-definitions.ts";
import { readDomainXml } from "../../../agent/discovery/domain-xml.ts";
import type { DomainId } from "../../../agent/core/ids.ts";

const web = "11111111-0000-4000-8000-000000000001" as DomainId;
const db = "11111111-0000-4000-8000-000000000002" as DomainId;
const xml = (vcpus: number): string => `<domain><vcpu>${vcpus}</vcpu><memory unit='MiB'>64</memory></domain>`;

describe("known definitions", () => {
  it("are read once while the document is the same, and are what it says", () => {
    const known = new KnownDefinitions();
    const first = known.read(web, xml(2));
    assert.deepEqual(first, readDomainXml(xml(2)));
    assert.equal(known.read(web, xml(2)), first);
  });

  it("are read again when the document changes, and of each domain apart", () => {
    const known = new KnownDefinitions();
    known.read(web, xml(2));
    assert.equal(known.read(db, xml(3)).vcpus, 3);
    assert.equal(known.read(web, xml(4)).vcpus, 4);
    assert.equal(known.read(db, xml(3)).vcpus, 3);
  });

  it("of domains that are gone are forgotten", () => {
    const known = new KnownDefinitions();
    const [of, other] = [known.read(web, xml(2)), known.read(db, xml(2))];
    known.keepOnly([db]);
    assert.notEqual(known.read(web, xml(2)), of);
    assert.equal(known.read(db, xml(2)), other);
  });
});
