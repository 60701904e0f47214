import assert from "node:assert/strict";
import fc from "fast-check";
import { pageOf } from "../../../agent/api/page.ts";
import { AgentError } from "../../../agent/core/errors.ts";

const key = (item: string): string => item;

describe("pages of a list", () => {
  it("give each item once and in order, whatever their size", () => {
    const lists = fc.uniqueArray(fc.string(), { maxLength: 40 }).map((items) => items.sort());
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 50 }), (items, pageSize) => {
        const seen: string[] = [];
        let pageToken = "";
        do {
          const page = pageOf(items, key, { pageSize, pageToken });
          assert.ok(page.items.length <= pageSize);
          seen.push(...page.items);
          pageToken = page.nextPageToken;
        } while (pageToken !== "");
        assert.deepEqual(seen, items);
      }),
    );
  });

  it("go on behind the last item when it has gone and others have come", () => {
    const { nextPageToken } = pageOf(["b", "d", "f"], key, { pageSize: 2, pageToken: "" });
    const { items } = pageOf(["a", "c", "e", "f"], key, { pageSize: 2, pageToken: nextPageToken });
    assert.deepEqual(items, ["e", "f"]);
  });

  it("have 100 items when no size is given, and never more than 1000", () => {
    const items = Array.from({ length: 1500 }, (_, index) => String(index).padStart(4, "0"));
    assert.equal(pageOf(items, key, { pageSize: 0, pageToken: "" }).items.length, 100);
    assert.equal(pageOf(items, key, { pageSize: 2_000_000_000, pageToken: "" }).items.length, 1000);
  });

  it("refuse a negative size and every token that was not given", () => {
    const reason = (pageSize: number, pageToken: string): string | undefined => {
      try {
        pageOf(["a"], key, { pageSize, pageToken });
        return undefined;
      } catch (error) {
        return AgentError.from(error).reason;
      }
    };
    assert.equal(reason(-1, ""), "FIELD_INVALID");
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (token) => {
        assert.equal(reason(1, token), "PAGE_TOKEN_INVALID");
      }),
    );
  });
});
