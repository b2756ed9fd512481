// The lines of text on a page, which are marked by a click, or with the arrow keys and Enter.
// This file is put in front of page_canvas.js.

/** `board` is made in page_canvas.js. */
function makeLines(board) {
  const NEAR = 6; // a click may miss a line by so many pixels of the screen
  const SAME = 0.5; // a mark that overlaps a line as much is taken for that line's
  const lines = {
    boxes: [], // [x0, y0, x1, y1] in page pixels, in reading order
    current: -1, // the line under the mouse, or where the arrow keys are
    last: -1, // the line clicked last
  };

  lines.set = (boxes) => {
    lines.boxes = boxes;
    lines.current = lines.last = -1;
  };

  const distance = ([x, y], [x0, y0, x1, y1]) =>
    Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1));

  /** The number of the line at a point of the page, or -1. */
  lines.at = (point) => {
    let found = -1;
    let nearest = NEAR / board.view.scale;
    lines.boxes.forEach((box, index) => {
      const away = distance(point, box);
      if (away < nearest) [found, nearest] = [index, away];
    });
    return found;
  };

  /** Marks a line or, if it is marked, takes that away; or marks all from the last one to it. */
  lines.click = (index, extend) => {
    if (index < 0) return;
    const ends = [index, lines.last];
    if (extend && lines.last >= 0) addFrom(Math.min(...ends), Math.max(...ends));
    else toggle(index);
    lines.last = index;
  };

  lines.step = (by) => {
    const next = lines.current < 0 ? Math.max(lines.last, 0) : lines.current + by;
    lines.current = clamp(next, 0, lines.boxes.length - 1);
    board.view.reveal(lines.boxes[lines.current]);
    board.redraw();
    const marked = markOf(lines.current) ? board.text.line_marked : "";
    board.say(board.text.line_at, { n: lines.current + 1, of: lines.boxes.length, marked });
  };

  const markOf = (index) =>
    board.shapes.find(
      (shape) =>
        shape.channel === board.channel &&
        (shape.kind === "line" || shape.kind === "box") &&
        overlap(boundsOf([shape]), lines.boxes[index]) >= SAME,
    );

  function toggle(index) {
    const mark = markOf(index);
    if (mark) board.remove(mark);
    else board.add([shapeFor(index)]);
  }

  function addFrom(first, last) {
    const added = [];
    for (let index = first; index <= last; index++) {
      if (!markOf(index)) added.push(shapeFor(index));
    }
    board.add(added);
  }

  function shapeFor(index) {
    const [x0, y0, x1, y1] = lines.boxes[index].map(round);
    return { channel: board.channel, kind: "line", points: [[x0, y0], [x1, y1]] };
  }

  return lines;
}
