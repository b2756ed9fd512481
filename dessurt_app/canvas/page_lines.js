// The lines of text on a page, which are marked by a click, or with the arrow keys and Enter.
// This file is put in front of page_canvas.js.

/** `board` is made in page_canvas.js. */
function makeLines(board) {
  const NEAR = 6; // a click may miss a line by so many pixels of the screen
  const SAME = 0.5; // a mark that overlaps a line as much is taken for that line's
  const lines = {
    shapes: [], // lines as marks are, without a channel, in reading order
    off: board.text.empty, // why there are none, in a sentence; "" if there are some
    current: -1, // the line under the mouse, or where the arrow keys are
    last: -1, // the line clicked last
  };

  /** `corners` of each line: two opposite ones, or all four of one that is not level; `off`: what
   *  to tell if there are none. */
  lines.set = (corners, off) => {
    lines.shapes = corners.map((points) => ({ kind: "line", points }));
    lines.off = corners.length ? "" : off;
    lines.current = lines.last = -1;
  };

  /** Which way a line runs. */
  const direction = (line) => {
    const [[x0, y0], [x1, y1]] = cornersOf(line);
    return [x1 - x0, y1 - y0];
  };
  const boundsAlong = (shape, line) => boundsOf([alongAxis(shape, direction(line))]);

  const distance = (point, line) => {
    const [x0, y0, x1, y1] = boundsAlong(line, line);
    const [x, y] = boundsAlong({ points: [point] }, line);
    return Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1));
  };

  /** The number of the line at a point of the page, or -1. */
  lines.at = (point) => {
    let found = -1;
    let nearest = NEAR / board.view.scale;
    lines.shapes.forEach((line, index) => {
      const away = distance(point, line);
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
    lines.current = clamp(next, 0, lines.shapes.length - 1);
    board.view.reveal(boundsOf([lines.shapes[lines.current]]));
    board.redraw();
    const marked = markOf(lines.current) ? board.text.line_marked : "";
    board.say(board.text.line_at, { n: lines.current + 1, of: lines.shapes.length, marked });
  };

  const markOf = (index) => {
    const line = lines.shapes[index];
    const where = boundsAlong(line, line);
    return board.shapes.find(
      (shape) =>
        shape.channel === board.channel &&
        shape.kind !== "brush" && // a tilted line comes back from a data set as a lasso
        overlap(boundsAlong(shape, line), where) >= SAME,
    );
  };

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
    const points = lines.shapes[index].points.map(([x, y]) => [round(x), round(y)]);
    return { channel: board.channel, kind: "line", points };
  }

  return lines;
}
