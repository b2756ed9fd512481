// The answers that a tab keeps: whose one is, how much of it is kept, and which are forgotten.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { holds, partOf } from "../../dessurt_app/ask/answer_lines.js";
import { entryOf, keepAnswer, recallAnswer, whose } from "../../dessurt_app/ask/answer_memory.js";
import { cornersOf, lastLine, sentOfLine } from "../../dessurt_app/ask/answer_saving.js";
import { questionParts } from "../../dessurt_app/ask/ask_tab.js";

const store = new Map();
globalThis.sessionStorage = {
  getItem: (name) => store.get(name) ?? null,
  setItem: (name, value) => store.set(name, value),
  removeItem: (name) => store.delete(name),
};
beforeEach(() => store.clear());

const token = (text, probability, ...alternatives) => ({ text, id: 1, probability, alternatives });
const answer = (...written) => ({ state: "done", text: "", written, lines: [] });

test("an answer comes back with its corrections", () => {
  const entry = entryOf(answer(token("a", 0.9)));
  entry.lines = { 3: { text: "right", change: 5 } };
  keepAnswer("p", entry);
  assert.deepEqual(recallAnswer("p"), {
    ...entry,
    answer: { ...entry.answer, written: [{ text: "a", id: 1, probability: 0.9 }] },
  });
  assert.equal(recallAnswer("q"), null);
});

test("alternatives that nobody sees are not kept", () => {
  const [same, likely, none] = [0.6, 0.39, 0.004].map((probability, id) => ({
    text: "x",
    id: id + 1,
    probability,
  }));
  keepAnswer("p", entryOf(answer(token("a", 0.6, same, likely, none), token("b", 1, same, none))));
  const [first, second] = recallAnswer("p").answer.written;
  assert.deepEqual(first.alternatives, [same, likely]);
  assert.equal(second.alternatives, undefined);
});

test("the oldest answers are forgotten, and one that is too large is not kept", () => {
  const large = (length) => entryOf({ ...answer(), text: "x".repeat(length) });
  for (let page = 0; page < 7; page++) keepAnswer(`p${page}`, large(400_000));
  keepAnswer("p3", large(400_001)); // is the latest again
  const kept = (page) => recallAnswer(`p${page}`) !== null;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(kept), [false, false, false, true, true, true, true]);
  keepAnswer("p5", large(600_000));
  assert.equal(kept(5), false, "none is better than an old one");
  const total = [...store.values()].reduce((sum, value) => sum + value.length, 0);
  assert.ok(total < 2_100_000);
});

test("an answer to something else says whose it is", () => {
  const text = {
    about_page: "page {page}",
    about_file: "{file}",
    about_page_of: "page {page} of {file}",
    other_turn: "turned",
    other_marks: "marks",
    other_question: "question",
  };
  const canvas = { page: "/a/b c.pdf", number: 2, upright: {}, marks: "{}" };
  const parts = (changes = {}, task = "w0>") =>
    questionParts([{ ...canvas, ...changes }, task, ""]);
  const said = (present) => whose(parts(), present, text);
  assert.equal(said(parts()), "");
  assert.equal(said(parts({ number: 0 })), "page 3");
  assert.equal(said(parts({ page: "/a/other.png", number: 0 })), "page 3 of b c.pdf");
  const ofImage = whose(parts({ number: 0 }), parts({ page: "/a/x.png", number: 0 }), text);
  assert.equal(ofImage, "b c.pdf");
  assert.equal(said(parts({ upright: { quarters: 1 }, marks: "[]" })), "turned");
  assert.equal(said(parts({ marks: "[]" })), "marks");
  assert.equal(said(parts({}, "json>")), "question");
});

test("a line is saved as if it had been highlighted and read by itself", () => {
  const question = {
    canvas: { page: "p", marks: "{}" },
    task: "read_block>",
    text: "",
    checkpoint: "c",
  };
  const line = { quad: [1, 2, 9, 2, 9, 5, 1, 5], read: "a", sure: 0.5 };
  const sent = sentOfLine(question, line, "b");
  assert.deepEqual(sent.canvas.marks.shapes[0].points, [
    [1, 2],
    [9, 5],
  ]);
  const { task, answer, correction, checkpoint, confidence } = sent;
  assert.deepEqual([task, answer, correction, checkpoint, confidence], ["w0>", "a", "b", "c", 0.5]);
  assert.equal(cornersOf([1, 2, 9, 3, 8, 6, 0, 5]).length, 4);
});

test("what was saved last is taken back first", () => {
  const entry = entryOf(answer());
  assert.equal(lastLine(entry), undefined);
  entry.lines = {
    0: { text: "a", change: 7 },
    4: { text: "b", change: 9 },
    5: { text: "c", change: 0 },
  };
  assert.equal(lastLine(entry), 4);
});

test("a word is a part of its line, and a point is in it or not", () => {
  const tilted = [0, 0, 100, 10, 98, 30, -2, 20];
  assert.deepEqual(partOf(tilted, 0.5, 1), [50, 5, 100, 10, 98, 30, 48, 25]);
  assert.equal(holds(tilted, [50, 15]), true);
  assert.equal(holds(tilted, [50, 2]), false);
  assert.equal(holds(tilted, [110, 20]), false);
});
