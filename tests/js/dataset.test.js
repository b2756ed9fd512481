// The data set without a browser: corrections, sentences, and imports as they are followed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeImporter, outcomeName } from "../../dessurt_app/dataset/dataset_import.js";
import { differingPart, shortened } from "../../dessurt_app/dataset/dataset_rows.js";

test("the part of an answer that a person has corrected", () => {
  const part = (text, other) => text.slice(...differingPart(text, other));
  assert.equal(part("the old cat", "the red cat"), "ol");
  assert.equal(part("the cat", "the old cat"), "");
  assert.equal(part("the cats", "the cat"), "s");
  assert.equal(part("aaa", "aa"), "a");
  assert.equal(part("", "x"), "");
  assert.equal(part("abc", "xyz"), "abc");
});

test("a long answer is shortened to 60 letters", () => {
  assert.equal(shortened("a".repeat(60)), "a".repeat(60));
  assert.equal(shortened("a".repeat(61)), `${"a".repeat(59)}…`);
});

test("each outcome of an import has its sentence", () => {
  const names = [
    [{ stopped: true, added: 1, there: 0 }, "stopped_some"],
    [{ stopped: true, added: 0, there: 2 }, "stopped"],
    [{ added: 1, there: 2 }, "imported_some"],
    [{ added: 1, there: 0 }, "imported"],
    [{ added: 0, there: 0 }, "imported_none"],
  ];
  for (const [outcome, name] of names) assert.equal(outcomeName(outcome), name);
});

const TEXT = { upload_failed: "{name} failed", stopped: "stopped", server_lost: "lost" };

/** An importer of which all that happens is noted; `answers` come from the server, in order. */
function importerOf(answers, upload = async (file) => ({ path: `/up/${file.name}` })) {
  const notes = [];
  const next = (name) => async (argument) => {
    notes.push([name, argument]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const server = Object.fromEntries(
    ["import_uploads", "import_progress", "stop_import"].map((name) => [name, next(name)]),
  );
  const view = {
    progress: (progress) => notes.push(["progress", progress.stage]),
    say: (sentence, wrong = false) => notes.push(["say", sentence, wrong]),
    imported: async (outcome) => notes.push(["imported", outcome]),
    call: (fetch) => fetch(),
  };
  return { notes, importer: makeImporter(server, upload, TEXT, view) };
}

const FILES = [
  { name: "a.zip", webkitRelativePath: "" },
  { name: "b.png", webkitRelativePath: "f/b.png" },
];

test("files are sent with their folders and followed until they are imported", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(console, "warn", () => {});
  const came = { added: 2 };
  const { notes, importer } = importerOf([{ key: "k" }, { came }]);
  await importer.start(FILES);
  assert.deepEqual(notes, [
    ["progress", "sending"],
    ["progress", "sending"],
    [
      "import_uploads",
      [
        ["a.zip", "/up/a.zip"],
        ["f/b.png", "/up/b.png"],
      ],
    ],
    ["import_progress", "k"],
    ["imported", came],
  ]);
});

test("a file that cannot be sent ends it", async (t) => {
  t.mock.method(console, "warn", () => {});
  const { notes, importer } = importerOf([], () => Promise.reject(new Error("no")));
  await importer.start(FILES);
  assert.deepEqual(notes, [
    ["progress", "sending"],
    ["say", "a.zip failed", true],
  ]);
});

test("an import that is stopped while files are sent does not begin", async () => {
  const { notes, importer } = importerOf([], async () => {
    importer.stop();
    return { path: "/up" };
  });
  await importer.start(FILES);
  assert.deepEqual(notes, [
    ["progress", "sending"],
    ["say", "stopped", false],
  ]);
});

test("a server that is lost for a while is asked again, and told to stop", async (t) => {
  t.mock.method(console, "warn", () => {});
  const came = { added: 0, stopped: true };
  const { notes, importer } = importerOf([{ key: "k" }, new Error("lost"), { came }]);
  const done = importer.start(FILES.slice(0, 1));
  setTimeout(importer.stop, 20);
  await done;
  assert.deepEqual(notes.slice(2), [
    ["import_progress", "k"],
    ["say", "lost", true],
    ["stop_import", "k"],
    ["say", undefined, false],
    ["imported", came],
  ]);
});
