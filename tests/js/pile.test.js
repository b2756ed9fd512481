// A pile without a browser: what is taken in, what became of its pages, and sending files.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isPage, listed, sorted } from "../../dessurt_app/canvas/page_files.js";
import {
  about,
  excess,
  howFar,
  makePile,
  refusal,
  send,
} from "../../dessurt_app/pile/pile_pages.js";

const TEXT = {
  page_of: "{name}, page {n}",
  not_a_page: "no page",
  empty_file: "empty",
  too_large: "large",
  too_many: "{n} of {most}",
  too_much: "{n} MB of {most}",
  seconds: "soon",
  minute: "a minute",
  minutes: "{n} minutes",
  hours: "{n} hours",
};

const file = (name, size = 10, type = "") => ({ name, size, type });

test("files are sorted as a person would", () => {
  const names = ["b/1.png", "10.png", "2.png", "B/0.png", "1.png"];
  assert.deepEqual(
    sorted(names.map((name) => ({ name }))).map(({ name }) => name),
    ["1.png", "2.png", "10.png", "B/0.png", "b/1.png"],
  );
});

test("files keep their order, those of a folder are sorted and the hidden ones left out", () => {
  const chosen = [file("b.png"), file("a.png")];
  assert.deepEqual(
    listed(chosen).map(({ name }) => name),
    ["b.png", "a.png"],
  );
  const inFolder = ["f/b.png", "f/.git/x.png", "f/a.png"].map((webkitRelativePath) => ({
    name: "x.png",
    webkitRelativePath,
  }));
  assert.deepEqual(
    listed(inFolder).map(({ name }) => name),
    ["f/a.png", "f/b.png"],
  );
});

test("what is a page is known by its kind or its name", () => {
  const kinds = [file("x", 1, "image/png"), file("x", 1, "application/pdf"), file("x.TIF")];
  assert.deepEqual(kinds.map(isPage), [true, true, true]);
  assert.deepEqual([file("x"), file("x.txt", 1, "text/plain"), file("pdf")].map(isPage), [
    false,
    false,
    false,
  ]);
});

test("what is not sent has a sentence", () => {
  const sentence = (...values) => refusal({ name: "x", file: file(...values) }, TEXT);
  assert.equal(sentence("x.txt"), "no page");
  assert.equal(sentence("x.png", 0), "empty");
  assert.equal(sentence("x.png", 65e6), "large");
  assert.equal(sentence("x.png"), "");
  assert.equal(refusal({ name: "x.txt", file: file("x.txt"), path: "/x.txt" }, TEXT), "");
});

test("too many files, or too much in them, have a sentence", () => {
  const limits = { files: 3, upload: 2 ** 21 };
  const some = (count, size) => Array.from({ length: count }, () => ({ file: file("x", size) }));
  assert.equal(excess(some(3, 1), 0, limits, TEXT), "");
  assert.equal(excess(some(3, 1), 1, limits, TEXT), "4 of 3");
  assert.equal(excess(some(3, 2 ** 20), 0, limits, TEXT), "3 MB of 2");
  assert.equal(excess([{ name: "sent before" }], 0, limits, TEXT), "");
});

test("a pile counts its pages over all files and knows what became of each", () => {
  const pile = makePile(TEXT);
  pile.addFiles([
    ["a.png", "/a", 1, ""],
    ["b.pdf", "/b", 2, ""],
    ["c.png", "/c", 0, "cannot be opened"],
  ]);
  pile.addFiles([["a.png", "/a", 1, ""]]);
  assert.deepEqual(
    pile.pages.map(({ file, number, name }) => [file, number, name]),
    [
      [0, 0, "a.png"],
      [1, 0, "b.pdf, page 1"],
      [1, 1, "b.pdf, page 2"],
      [3, 0, "a.png"],
    ],
  );
  const changed = pile.apply([
    [1, 1, "read", ""],
    [3, 0, "failed", "is damaged"],
    [9, 9, "read", ""],
  ]);
  assert.deepEqual(
    changed.map(({ name }) => name),
    ["b.pdf, page 2", "a.png"],
  );
  assert.equal(pile.changes, 3);
  assert.deepEqual(
    [pile.count(""), pile.count("read", "corrected"), pile.count("failed")],
    [2, 1, 1],
  );
  assert.deepEqual(
    pile.problems().map(({ name, error }) => [name, error]),
    [
      ["c.png", "cannot be opened"],
      ["a.png", "is damaged"],
    ],
  );
});

test("time is told roughly", () => {
  const told = [5, 60, 540, 5400, 36000].map((seconds) => about(seconds, TEXT));
  assert.deepEqual(told, ["soon", "a minute", "9 minutes", "90 minutes", "10 hours"]);
});

test("a sentence says how far it is", () => {
  const words = {
    left: "{n} of {of}, {time}",
    reading: "{n} of {of}",
    sending: "{n} sent of {of}",
  };
  const text = {
    ...TEXT,
    ...words,
    all_read: "all {of}",
    all_but: "{n} read",
    idle: "{read} read",
  };
  const counts = { pages: 10, unread: 4, failed: 1, sent: 3, sending: 9 };
  assert.equal(howFar(counts, true, null, text), "6 of 10");
  assert.equal(
    howFar(counts, true, { state: "reading", seconds: 540 }, text),
    "6 of 10, 9 minutes",
  );
  assert.equal(howFar(counts, false, null, text), "3 sent of 9");
  assert.equal(howFar({ ...counts, sending: 0 }, false, null, text), "5 read");
  assert.equal(howFar({ ...counts, sending: 0, unread: 0 }, false, null, text), "9 read");
  assert.equal(
    howFar({ ...counts, sending: 0, unread: 0, failed: 0 }, false, null, text),
    "all 10",
  );
});

test("files are added in their order, whichever is sent first, and a few at a time", async () => {
  let [now, most] = [0, 0];
  const added = [];
  const failed = [];
  const upload = async ({ name, size }) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, size));
    now -= 1;
    if (name === "bad") throw new Error("no");
    return { path: `/${name}` };
  };
  const names = ["slow", "b", "bad", "c", "d", "e"];
  const files = names.map((name) => ({ name, file: file(name, name === "slow" ? 60 : 5) }));
  files.push({ name: "there", path: "/sent before" });
  const add = async (sent, more) => void added.push([...sent.map(([name]) => name), more]);
  await send(
    files,
    upload,
    add,
    ({ name }) => failed.push(name),
    () => true,
  );
  assert.deepEqual(
    added.flat().filter((each) => typeof each === "string"),
    [...["slow", "b", "c", "d", "e", "there"]],
  );
  assert.deepEqual(
    added.map((each) => each.at(-1)),
    [...added.slice(1).map(() => true), false],
  );
  assert.deepEqual(failed, ["bad"]);
  assert.equal(most, 3);
});

test("files are not sent any more when the pile is gone", async () => {
  let sent = 0;
  const files = Array.from({ length: 20 }, (_, n) => ({ name: `${n}`, file: file(`${n}`) }));
  const upload = async () => ({ path: `/${++sent}` });
  await send(
    files,
    upload,
    async () => {},
    () => {},
    () => sent < 5,
  );
  assert.ok(sent < 9);
});
