// The answer without a browser: words of which the model is unsure, shapes, and what was asked.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startsOf } from "../../dessurt_app/ask/answer_find.js";
import { formRows, repairedValue } from "../../dessurt_app/ask/answer_shape.js";
import { isJson, likelyChoices, percent, visibleText } from "../../dessurt_app/ask/answer_words.js";
import { questionParts } from "../../dessurt_app/ask/ask_tab.js";

test("only what is certain is 100 %", () => {
  assert.deepEqual(
    [0, 0.004, 0.005, 0.5, 0.994, 0.999, 1].map(percent),
    [0, 0, 1, 50, 99, 99, 100],
  );
});

test("choices that come to 0 % are left out, but not the token itself", () => {
  const alternatives = [
    { id: 1, text: "a", probability: 0.9 },
    { id: 2, text: "b", probability: 0.05 },
    { id: 3, text: "c", probability: 0.004 },
  ];
  const ids = (id) => likelyChoices({ id, alternatives }).map((choice) => choice.id);
  assert.deepEqual(ids(1), [1, 2]);
  assert.deepEqual(ids(3), [1, 2, 3]);
  assert.deepEqual(likelyChoices({ id: 1 }), []);
});

test("spaces and new lines are to be seen", () => {
  assert.equal(visibleText(" the end", "-"), "␣the␣end");
  assert.equal(visibleText("a\\b\n", "-"), "a↵b↵");
  assert.equal(visibleText("", "end"), "(end)");
});

test("JSON is known by its first sign", () => {
  const tokens = (...texts) => texts.map((text) => ({ text }));
  assert.equal(isJson(tokens("", " ", '{"a"')), true);
  assert.equal(isJson(tokens(" [")), true);
  assert.equal(isJson(tokens("a {")), false);
  assert.equal(isJson([]), false);
});

test("JSON is read as it is once repaired", () => {
  const pieces = [
    ["same", '{"a": 1'],
    ["removed", ", ,"],
    ["added", ', "b": [2, 3]'],
    ["added", "}"],
  ];
  assert.deepEqual(repairedValue(pieces), { a: 1, b: [2, 3] });
});

test("a question is told from another by its parts", () => {
  const canvas = { page: "a.png", number: 2, upright: { quarters: 1 }, marks: '{"shapes":[]}' };
  assert.deepEqual(questionParts([canvas, "w0>", "x", 7]), {
    page: '["a.png",2]',
    turn: '{"quarters":1}',
    marks: '"{\\"shapes\\":[]}"',
    question: '["w0>","x"]',
  });
  const empty = questionParts([null, "w0>", null]);
  assert.deepEqual([empty.turn, empty.question], ["null", '["w0>",""]']);
});

test("a form is rows of labels and values", () => {
  const form = [
    { "Order\\form": "header", content: [{ "Name:": "question", answers: ["Bob", "Ann"] }] },
    { "Date:": "question" },
    { "row headers": ["May"], "column headers": ["in", "out"], cells: [["1", null]] },
    { Paid: "other" },
  ];
  assert.deepEqual(formRows(form), [
    ["Order\nform", null],
    ["Name:", "Bob\nAnn"],
    ["Date:", ""],
    ["", "in · out"],
    ["May", "1 · "],
    ["Paid", null],
  ]);
  for (const none of [{}, [], ["a"], [{ a: 1 }], [{ a: "question", answers: "b" }], [[{}]]]) {
    assert.equal(formRows(none), null);
  }
});

test("places are found whatever the case of their letters", () => {
  assert.deepEqual(startsOf("The cat. the CAT, thecat", "the cat"), [0, 9]);
  assert.deepEqual(startsOf("aaaa", "aa"), [0, 2]);
  assert.deepEqual(startsOf("1.5 (x) 125", "1.5"), [0]);
  assert.deepEqual(startsOf("a b", " "), []);
});
