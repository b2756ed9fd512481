// The connected parts of a region, from the runs of its rows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connectedParts, runsOf } from "../../dessurt_app/canvas/region_map.js";

/** A map of 0 and 1 from rows of dots and hashes. */
function mapOf(...rows) {
  const inside = Uint8Array.from(rows.join(""), (sign) => Number(sign === "#"));
  return [inside, rows[0].length, rows.length];
}

test("runs go from the first one to behind the last", () => {
  const [inside, width] = mapOf("........", "##..#.##");
  assert.deepEqual([...runsOf(inside, 0, width)], []);
  assert.deepEqual(
    [...runsOf(inside, width, width)],
    [
      [0, 2],
      [4, 5],
      [6, 8],
    ],
  );
});

test("a run ends with its row", () => {
  const [inside, width] = mapOf("..##", "##..");
  assert.deepEqual([...runsOf(inside, 0, width)], [[2, 4]]);
  assert.deepEqual([...runsOf(inside, 4, width)], [[0, 2]]);
});

test("there are no parts in nothing, and one in everything", () => {
  assert.deepEqual(connectedParts(...mapOf("...", "...")), []);
  assert.deepEqual(connectedParts(...mapOf("###", "###")), [[0, 0, 3, 2]]);
});

test("parts that touch at a corner are one, others are not", () => {
  const map = mapOf("##....#", "..#...#", ".......", "#.....#");
  assert.deepEqual(connectedParts(...map), [
    [0, 0, 3, 2],
    [6, 0, 7, 2],
    [0, 3, 1, 4],
    [6, 3, 7, 4],
  ]);
});

test("parts that meet further down become one", () => {
  assert.deepEqual(connectedParts(...mapOf("#.#.#", "#.#.#", "#####")), [[0, 0, 5, 3]]);
  assert.deepEqual(connectedParts(...mapOf("#...#", "##.##", ".###.")), [[0, 0, 5, 3]]);
});

test("a ring has one box, and so has what lies in it", () => {
  const map = mapOf("#######", "#.....#", "#..#..#", "#.....#", "#######");
  assert.deepEqual(connectedParts(...map), [
    [0, 0, 7, 5],
    [3, 2, 4, 3],
  ]);
});

test("any map is parted as by walking from place to place", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let round = 0; round < 50; round++) {
    const [width, height] = [1 + Math.floor(12 * random()), 1 + Math.floor(12 * random())];
    const inside = Uint8Array.from({ length: width * height }, () => Number(random() < 0.45));
    const sorted = (boxes) => boxes.map(String).sort();
    const parts = connectedParts(inside, width, height);
    assert.deepEqual(sorted(parts), sorted(walked(inside, width, height)));
  }
});

/** The boxes of parts, each walked through from its first place. */
function walked(inside, width, height) {
  const rest = new Set([...inside.keys()].filter((at) => inside[at]));
  const boxes = [];
  for (const start of rest) {
    const box = [width, height, 0, 0];
    const ways = [start];
    rest.delete(start);
    while (ways.length) {
      const at = ways.pop();
      const [x, y] = [at % width, Math.floor(at / width)];
      [box[0], box[1]] = [Math.min(box[0], x), Math.min(box[1], y)];
      [box[2], box[3]] = [Math.max(box[2], x + 1), Math.max(box[3], y + 1)];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const next = (y + dy) * width + x + dx;
          if (x + dx >= 0 && x + dx < width && rest.delete(next)) ways.push(next);
        }
      }
    }
    boxes.push(box);
  }
  return boxes;
}
