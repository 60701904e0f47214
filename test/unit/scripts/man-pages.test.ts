import assert from "node:assert/strict";
import { commands } from "../../../agent/cli/commands.ts";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { globalFlags } from "../../../agent/cli/line/global-flags.ts";
import { flagText } from "../../../agent/cli/line/help.ts";
import { keyFlags, USAGE } from "../../../agent/main/command-line.ts";
import { manPage, type ManBlock } from "../../../scripts/package-deb/man-page.ts";
import { manPages } from "../../../scripts/package-deb/man-pages.ts";
import { usageTerms } from "../../../scripts/package-deb/usage-terms.ts";

const date = new Date("2026-11-23T00:00:00Z");

describe("a manual page", () => {
  const page = (...body: readonly ManBlock[]): string =>
    manPage(
      {
        name: "x",
        section: 8,
        summary: "does",
        sections: [{ title: "PART", body }],
        seeAlso: ["y(1)", "z(1)"],
      },
      "1",
      date,
    );

  it("keeps a line that begins with a dot from being a command, and hyphens as typed", () => {
    const text = page({ kind: "paragraph", text: ".hidden" }, { kind: "lines", lines: ["--flag", ".dot"] });
    assert.match(text, /^\\&\.hidden$/m);
    assert.match(text, /^\\-\\-flag\n\\&\.dot$/m);
  });

  it("puts a meaning below its term, and a term without one on a line of its own", () => {
    const text = page({
      kind: "terms",
      terms: [
        ["-a", "all"],
        ["-b", ""],
      ],
    });
    assert.match(text, /^\.SH PART\n\.TP\n\\fB\\-a\\fR\nall\n\.PP\n\\fB\\-b\\fR\n\.SH SEE ALSO\n/m);
  });
});

describe("the options of a usage", () => {
  it("have their meaning in one piece, however many lines it takes", () => {
    const usage =
      "usage: x [options]\n\n  --a FILE   one\n             and two\n  --b [C]    three\n  --c, --d\n\nIt ends.\n";
    assert.deepEqual(usageTerms(usage), [
      ["--a FILE", "one and two"],
      ["--b [C]", "three"],
      ["--c, --d", ""],
    ]);
  });

  it("are all those of vgpud", () => {
    const options = usageTerms(USAGE).map(([option]) => option.replace(/^--/, "").split(" ")[0]);
    for (const flag of [...Object.keys(keyFlags), "config", "check-config", "simulate", "restore"])
      assert.ok(options.includes(flag), flag);
  });
});

describe("the manual pages", () => {
  const pages = manPages({ vgpud: USAGE, hostd: "  --root DIR  x\n" }, commands);
  const named = (name: string) => {
    const page = pages.find((one) => one.name === name);
    assert.ok(page);
    const text = manPage(page, "1", date).replaceAll("\\-", "-");
    return { text, titles: page.sections.map(({ title }) => title) };
  };

  it("have the sections that a reader looks for, in the usual order", () => {
    assert.deepEqual(named("vgpuctl").titles, [
      "SYNOPSIS",
      "DESCRIPTION",
      "OPTIONS",
      "COMMANDS",
      "JSON",
      "EXIT STATUS",
      "ENVIRONMENT",
      "FILES",
    ]);
    for (const title of ["SYNOPSIS", "OPTIONS", "EXIT STATUS", "FILES"])
      assert.ok(named("vgpud").titles.includes(title), title);
  });

  it("give each command of vgpuctl a heading, with its flags and examples", () => {
    const { text } = named("vgpuctl");
    for (const { name, flags, examples } of commands) {
      const [, body = ""] = text.split(new RegExp(`^\\.SS ${name}(?: .*)?$`, "m"));
      const own = body.split(/^\.S[SH] /m)[0] ?? "";
      for (const part of [...flags.map(flagText), ...examples])
        assert.ok(own.includes(part), `${name}: ${part}`);
    }
  });

  it("say the flags of every command once", () => {
    const { text } = named("vgpuctl");
    for (const flag of globalFlags)
      assert.equal(text.split(`\n\\fB${flagText(flag)}\\fR\n`).length - 1, 1, flag.name);
  });

  it("tell every exit code of vgpuctl", () => {
    const [, after = ""] = named("vgpuctl").text.split(".SH EXIT STATUS\n");
    for (const code of Object.values(exitCodes))
      assert.ok(after.includes(`\n\\fB${code}\\fR\n`), String(code));
  });

  it("lead from vgpud to what its configuration is about", () => {
    assert.ok(named("vgpud").text.includes("/usr/share/doc/vgpud/configuration.md"));
  });
});
