// The page without a browser: the geometry of marks, undo, the view, lines and tools.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  makeHistory,
  makeMemory,
  pageKey,
  placeOf,
} from "../../dessurt_app/canvas/page_history.js";
import { makeLines } from "../../dessurt_app/canvas/page_lines.js";
import * as shapes from "../../dessurt_app/canvas/page_shapes.js";
import { makeTools } from "../../dessurt_app/canvas/page_tools.js";
import { makeView } from "../../dessurt_app/canvas/page_view.js";

const BOX = {
  channel: "highlight",
  kind: "box",
  points: [
    [10, 20],
    [110, 60],
  ],
};
const CANVAS = { getBoundingClientRect: () => ({ width: 400, height: 300, left: 5, top: 7 }) };

/** A board as page_board.js makes it, that notes what happens to it. */
function fakeBoard(page = { width: 200, height: 100 }) {
  const board = {
    text: { line_at: "line {n} of {of}{marked}", line_marked: ", marked", key_box: "" },
    channel: "highlight",
    radius: 8,
    gesture: null,
    noLines: "",
    shapes: [],
    page,
    size: [page.width, page.height],
    view: { scale: 1, reveal: (box) => (board.revealed = box), centre: () => [100, 50] },
    add: (added) => board.shapes.push(...added),
    remove: (shape) => board.shapes.splice(board.shapes.indexOf(shape), 1),
    replace: (shape, next) => board.shapes.splice(board.shapes.indexOf(shape), 1, next),
    select: (shape) => (board.selected = shape),
    say: (sentence, values) => (board.said = [sentence, values]),
    redraw: () => {},
  };
  return board;
}

// ---- marks ------------------------------------------------------------------------------------

test("an upright box has four corners, other marks have their points", () => {
  assert.deepEqual(shapes.cornersOf(BOX), [
    [10, 20],
    [110, 20],
    [110, 60],
    [10, 60],
  ]);
  const tilted = {
    kind: "line",
    points: [
      [0, 0],
      [10, 1],
      [10, 3],
      [0, 2],
    ],
  };
  assert.equal(shapes.cornersOf(tilted), tilted.points);
  const stroke = {
    kind: "brush",
    points: [
      [1, 2],
      [3, 4],
    ],
    radius: 5,
  };
  assert.equal(shapes.cornersOf(stroke), stroke.points);
});

test("bounds take in all marks and the thickness of a brush", () => {
  const stroke = {
    kind: "brush",
    points: [
      [100, 50],
      [120, 55],
    ],
    radius: 7.5,
  };
  assert.deepEqual(shapes.boundsOf([stroke]), [92.5, 42.5, 127.5, 62.5]);
  assert.deepEqual(shapes.boundsOf([BOX, stroke]), [10, 20, 127.5, 62.5]);
  assert.deepEqual(shapes.boundsOf([]), [Infinity, Infinity, -Infinity, -Infinity]);
});

test("overlap is intersection over union", () => {
  assert.equal(shapes.overlap([0, 0, 10, 10], [0, 0, 10, 10]), 1);
  assert.equal(shapes.overlap([0, 0, 10, 10], [5, 0, 15, 10]), 50 / 150);
  assert.equal(shapes.overlap([0, 0, 10, 10], [10, 0, 20, 10]), 0);
  assert.equal(shapes.overlap([0, 0, 0, 0], [0, 0, 0, 0]), 0);
});

test("a mark that has moved off the page does not meet it", () => {
  const page = { width: 100, height: 100 };
  assert.equal(shapes.meets(BOX, page), true);
  assert.equal(shapes.meets(shapes.movedShape(BOX, 89.99, 0), page), true);
  assert.equal(shapes.meets(shapes.movedShape(BOX, 90, 0), page), false);
});

test("a moved mark keeps what else it has, in hundredths of a pixel", () => {
  const moved = shapes.movedShape({ ...BOX, radius: 3 }, 0.123, -20.456);
  assert.deepEqual(moved, {
    ...BOX,
    radius: 3,
    points: [
      [10.12, -0.46],
      [110.12, 39.54],
    ],
  });
});

test("along its own axis a tilted line is a level box", () => {
  const [x, y] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]; // 30 degrees down to the right
  const corners = [
    [0, 0],
    [100 * x, 100 * y],
    [100 * x - 20 * y, 100 * y + 20 * x],
    [-20 * y, 20 * x],
  ];
  const level = shapes.alongAxis({ kind: "line", points: corners }, [x, y]);
  assert.deepEqual(shapes.boundsOf([level]).map(shapes.round), [0, 0, 100, 20]);
});

test("numbers are clamped and rounded", () => {
  assert.deepEqual(
    [-1, 0.5, 7].map((n) => shapes.clamp(n, 0, 5)),
    [0, 0.5, 5],
  );
  assert.deepEqual([1.014, 1.016, -2.344].map(shapes.round), [1.01, 1.02, -2.34]);
});

test("a mark is written as JSON once", () => {
  const shape = { ...BOX };
  assert.equal(shapes.jsonOf(shape), JSON.stringify(BOX));
  shape.kind = "lasso"; // never done; it shows that the text is kept
  assert.equal(shapes.jsonOf(shape), JSON.stringify(BOX));
});

test("2,000 points can be drawn in a frame, 2,001 cannot", () => {
  const points = Array.from({ length: 2000 }, (_, i) => [i, i]);
  assert.equal(shapes.areMany([{ ...BOX, points }]), false);
  assert.equal(
    shapes.areMany([
      { ...BOX, points },
      { ...BOX, points: [[0, 0]] },
    ]),
    true,
  );
});

// ---- undo -------------------------------------------------------------------------------------

const state = (name) => ({ page: name, marks: {}, upright: {} });

test("undo and redo go through states; a new one ends what could be redone", () => {
  const history = makeHistory(state("a"));
  assert.deepEqual([history.canUndo(), history.undo(), history.redo()], [false, false, false]);
  history.set(state("b"));
  history.set(state("c"));
  assert.equal(history.undo() && history.now.page, "b");
  assert.equal(history.undo() && history.now.page, "a");
  assert.equal(history.redo() && history.now.page, "b");
  assert.equal(history.canRedo(), true);
  history.set(state("d"));
  assert.equal(history.canRedo(), false);
  assert.equal(history.undo() && history.now.page, "b");
});

test("a start has nothing before it", () => {
  const history = makeHistory(state("a"));
  history.set(state("b"));
  history.begin(state("c"));
  assert.deepEqual([history.now.page, history.canUndo(), history.canRedo()], ["c", false, false]);
});

test("a thousand steps can be undone", () => {
  const history = makeHistory(state(0));
  for (let step = 1; step <= 1500; step++) history.set(state(step));
  let undone = 0;
  while (history.undo()) undone++;
  assert.deepEqual([undone, history.now.page], [1000, 500]);
});

test("a page is known by its file and number", () => {
  const page = { path: "a/b.pdf", number: 3, upright: { quarters: 1 }, width: 5 };
  assert.equal(pageKey(page), "a/b.pdf#3");
  assert.deepEqual(placeOf(page), ["a/b.pdf", 3, { quarters: 1 }]);
});

test("a state survives in the browser's memory, unless it is too large for it", (t) => {
  const stored = new Map();
  globalThis.sessionStorage = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, value) => stored.set(name, value),
    removeItem: (name) => stored.delete(name),
  };
  let leave;
  globalThis.addEventListener = (_, onLeave) => (leave = onLeave);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => {
    delete globalThis.sessionStorage;
    delete globalThis.addEventListener;
  });
  const memory = makeMemory();
  assert.equal(memory.recall(), null);
  memory.keep(state("a"));
  memory.keep(state("b"));
  assert.equal(memory.recall(), null, "not at once");
  t.mock.timers.tick(300);
  assert.deepEqual(memory.recall(), state("b"));
  memory.keep(state("c"));
  leave();
  assert.deepEqual(JSON.parse(stored.get("dessurt:canvas")), state("c"));
  memory.keep(state("x".repeat(1_000_000)));
  leave();
  assert.equal(memory.recall(), null, "better than an old one");
});

// ---- the view ---------------------------------------------------------------------------------

function viewOf(t, page = { width: 1000, height: 500 }) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const moves = [];
  const view = makeView(CANVAS, () => moves.push(view.moving));
  view.setPage(page);
  return { view, moves };
}

test("a page fits with a margin, in the middle", (t) => {
  const { view, moves } = viewOf(t);
  assert.deepEqual([view.scale, view.fitted].map(String), ["0.388", "true"]);
  assert.deepEqual([view.x, view.y].map(shapes.round), [6, 53]);
  t.mock.timers.tick(120);
  assert.deepEqual(moves, [true, false], "it comes to rest");
});

test("what is zoomed at stays where it is, between half of fitting and 8", (t) => {
  const { view } = viewOf(t);
  const under = () => [(100 - view.x) / view.scale, (120 - view.y) / view.scale].map(shapes.round);
  const before = under();
  view.zoomTo(2, [100, 120]);
  assert.deepEqual([view.scale, view.fitted, under()], [2, false, before]);
  view.zoomTo(100, [100, 120]);
  assert.equal(view.scale, 8);
  view.zoomTo(0.001);
  assert.equal(view.scale, 0.194);
});

test("a page cannot be pushed out of sight", (t) => {
  const { view } = viewOf(t);
  view.panBy(9999, -9999);
  assert.deepEqual([view.x, shapes.round(view.y)], [340, 60 - 500 * 0.388]);
});

test("two fingers pan as their middle moves and zoom as they part", (t) => {
  const { view } = viewOf(t);
  view.zoomTo(1, [0, 0]);
  const down = new Map([
    [1, [100, 100]],
    [2, [200, 100]],
  ]);
  const x = view.x;
  view.pinch(down, 2, [300, 100]);
  assert.equal(view.scale, 2);
  assert.equal(shapes.round(view.x), shapes.round(200 - 2 * (200 - (x + 50))));
});

test("only as much is panned as is needed to see a box", (t) => {
  const { view } = viewOf(t);
  view.zoomTo(1, [0, 0]);
  [view.x, view.y] = [0, 0];
  view.reveal([10, 10, 50, 50]);
  assert.deepEqual([view.x, view.y], [0, 0]);
  view.reveal([500, 100, 600, 350]);
  assert.deepEqual([view.x, view.y], [-200, -50]);
});

test("a place on the canvas is one on the page, the nearest if outside", (t) => {
  const { view } = viewOf(t);
  view.zoomTo(1, [0, 0]);
  [view.x, view.y] = [20, 30];
  assert.deepEqual(view.onPage({ clientX: 5 + 120, clientY: 7 + 80.123 }), [100, 50.12]);
  assert.deepEqual(view.onPage({ clientX: 0, clientY: 9999 }), [0, 500]);
  assert.deepEqual(view.centre(), [180, 120]);
});

// ---- lines ------------------------------------------------------------------------------------

const LINES = [
  [
    [10, 10],
    [190, 20],
  ],
  [
    [10, 30],
    [190, 40],
  ],
  [
    [10, 50],
    [190, 60],
  ],
];

function boardWithLines() {
  const board = fakeBoard();
  const lines = makeLines(board);
  lines.set(LINES, "no lines");
  return { board, lines };
}

test("a click may miss a line by six pixels of the screen", () => {
  const { board, lines } = boardWithLines();
  assert.deepEqual(
    [
      [50, 15],
      [50, 24.9],
      [196.1, 15],
      [50, 66],
    ].map(lines.at),
    [0, 0, -1, -1],
  );
  board.view.scale = 4;
  assert.equal(lines.at([50, 22]), -1, "two of the page are eight of the screen");
});

test("a click marks a line, another takes the mark away", () => {
  const { board, lines } = boardWithLines();
  lines.click(1, false);
  assert.deepEqual(board.shapes, [{ channel: "highlight", kind: "line", points: LINES[1] }]);
  lines.click(1, false);
  assert.deepEqual(board.shapes, []);
  lines.click(-1, false);
  assert.deepEqual(board.shapes, []);
});

test("with Shift all lines between are marked that are not yet", () => {
  const { board, lines } = boardWithLines();
  board.shapes.push({
    ...BOX,
    points: [
      [10, 29],
      [190, 41],
    ],
  }); // as good as the second line
  lines.click(2, false);
  lines.click(0, true);
  assert.deepEqual(
    board.shapes.map((shape) => shape.points[0][1]),
    [29, 50, 10],
  );
});

test("arrow keys go over the lines and say where they are", () => {
  const { board, lines } = boardWithLines();
  lines.step(1);
  assert.deepEqual(board.said[1], { n: 1, of: 3, marked: "" });
  lines.click(1, false);
  lines.step(1);
  lines.step(-5);
  assert.equal(lines.current, 0);
  lines.step(1);
  assert.deepEqual(board.said[1], { n: 2, of: 3, marked: ", marked" });
  assert.deepEqual(board.revealed, [10, 30, 190, 40]);
});

test("without lines there is a reason", () => {
  const board = fakeBoard();
  makeLines(board).set([], "no lines");
  assert.equal(board.noLines, "no lines");
  makeLines(board).set(LINES, "no lines");
  assert.equal(board.noLines, "");
});

// ---- tools ------------------------------------------------------------------------------------

const PLAIN = { shiftKey: false };

function toolsOf(board = fakeBoard()) {
  const lines = makeLines(board);
  lines.set(LINES, "");
  return { board, ...makeTools(board, lines) };
}

test("a box goes from corner to corner, in the other channel with Shift", () => {
  const { board, byName } = toolsOf();
  const gesture = byName.box([10, 10], { shiftKey: true });
  gesture.move([
    [50, 20],
    [60, 30],
  ]);
  gesture.end();
  assert.deepEqual(board.shapes, [
    {
      channel: "mask",
      kind: "box",
      points: [
        [10, 10],
        [60, 30],
      ],
    },
  ]);
});

test("a box thinner than a pixel is none", () => {
  const { board, byName } = toolsOf();
  const gesture = byName.box([10, 10], PLAIN);
  gesture.move([[100, 10.5]]);
  gesture.end();
  assert.deepEqual(board.shapes, []);
});

test("the line tool marks a line by a click and draws a box by a drag", () => {
  const { board, byName } = toolsOf();
  const click = byName.line([50, 35], PLAIN);
  click.move([[52, 36]]);
  click.end();
  const drag = byName.line([50, 35], PLAIN);
  drag.move([[90, 45]]);
  drag.end();
  assert.deepEqual(
    board.shapes.map((shape) => shape.kind),
    ["line", "box"],
  );
});

test("a thick stroke keeps few points, but its last one", () => {
  const { board, byName } = toolsOf();
  const gesture = byName.brush([10, 10], PLAIN);
  gesture.move([
    [10.5, 10],
    [11.5, 10],
    [12, 10],
    [12.4, 10],
  ]);
  gesture.end();
  assert.deepEqual(board.shapes[0], {
    channel: "highlight",
    kind: "brush",
    radius: 8,
    points: [
      [10, 10],
      [11.5, 10],
      [12.4, 10],
    ],
  });
});

test("a lasso needs three points", () => {
  const { board, byName } = toolsOf();
  for (const points of [
    [[40, 40]],
    [
      [40, 40],
      [10, 40],
    ],
  ]) {
    const gesture = byName.lasso([10, 10], PLAIN);
    gesture.move(points);
    gesture.end();
  }
  assert.deepEqual(
    board.shapes.map((shape) => shape.points.length),
    [3],
  );
});

test("the arrow keys put a box in the middle, move it and size it, on the page", () => {
  const { board, nudgeBox } = toolsOf();
  nudgeBox(1, 0, false);
  assert.deepEqual(board.gesture.draft.points, [
    [20, 34],
    [180, 66],
  ]);
  nudgeBox(1, 0, false);
  assert.deepEqual(board.gesture.draft.points, [
    [28, 34],
    [188, 66],
  ]);
  nudgeBox(0, 1, true);
  assert.deepEqual(board.gesture.draft.points, [
    [28, 34],
    [188, 74],
  ]);
  for (let i = 0; i < 9; i++) nudgeBox(1, 0, true);
  assert.deepEqual(board.gesture.draft.points, [
    [28, 34],
    [200, 74],
  ]);
  board.gesture.end();
  assert.equal(board.shapes.length, 1);
});
