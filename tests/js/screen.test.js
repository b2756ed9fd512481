// What all screens share: sentences, addresses, memory and events.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import {
  fileUrl,
  fillIn,
  recall,
  recallJson,
  remember,
} from "../../dessurt_app/screen/component.js";

afterEach(() => {
  delete globalThis.sessionStorage;
});

test("values come into a sentence by their names, as they are", () => {
  assert.equal(fillIn("{n} of {of}, {n}", { n: 1, of: "$&" }), "1 of $&, 1");
});

test("the address of a file lies below that of the app, whatever it is called", () => {
  assert.equal(
    fileUrl("/a b/ä?#%.png", "http://host/app/"),
    "http://host/app/gradio_api/file=/a%20b/%C3%A4%3F%23%25.png",
  );
  assert.equal(fileUrl("assets/1.png", "http://h/"), "http://h/gradio_api/file=assets/1.png");
});

test("what is remembered is recalled until it is forgotten", () => {
  const stored = new Map();
  globalThis.sessionStorage = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, value) => stored.set(name, value),
    removeItem: (name) => stored.delete(name),
  };
  assert.equal(recall("x"), null);
  assert.equal(recallJson("x"), null);
  remember("x", "[1]");
  assert.deepEqual([stored.get("dessurt:x"), recall("x"), recallJson("x")], ["[1]", "[1]", [1]]);
  remember("x", "no JSON");
  assert.equal(recallJson("x"), null);
  remember("x", null);
  assert.equal(stored.size, 0);
});

test("a memory that is forbidden or full does no harm", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const refuse = () => {
    throw new Error("forbidden");
  };
  globalThis.sessionStorage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  remember("x", "1");
  remember("x", null);
  assert.deepEqual([recall("x"), recallJson("x"), warn.mock.callCount()], [null, null, 2]);
});

test("events reach those who listen; the page and its region are known to latecomers", async () => {
  globalThis.document = new EventTarget();
  const { announce, listen, shown } = await import("../../dessurt_app/screen/events.js");
  const regions = [];
  listen("region", (region) => regions.push(region));
  announce("region", { url: "a.png" });
  assert.deepEqual(shown, { page: null, region: { url: "a.png" } });
  const page = { path: "b.png" };
  announce("page", page);
  assert.deepEqual(shown, { page, region: null });
  assert.deepEqual(regions, [{ url: "a.png" }, null]);
});
