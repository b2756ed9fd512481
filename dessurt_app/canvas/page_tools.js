// The tools: what it does to press, drag and lift on the page.
// This file is put in front of page_canvas.js.
//
// A tool takes the point where the pointer is pressed, and the event, and gives a gesture (or null
// if there is nothing to drag):
//   draft   the mark to be, if it is seen already      hides  a mark not to be shown meanwhile
//   move(points)  the pointer has come along there     end()  it is lifted

/** `board` is made in page_canvas.js, `lines` in page_lines.js. */
function makeTools(board, lines) {
  const CLICK = 4; // who moves less, in pixels of the screen, has clicked
  const KEY_STEP = 8; // pixels of the screen
  const OTHER = { highlight: "mask", mask: "highlight" };
  const { view } = board;

  const lastOf = (points) => points[points.length - 1];
  const isClick = ([a, b]) => Math.hypot(b[0] - a[0], b[1] - a[1]) * view.scale < CLICK;

  function begin(kind, start, event) {
    const channel = event.shiftKey ? OTHER[board.channel] : board.channel;
    return { channel, kind, points: [start] };
  }

  /** From corner to corner. */
  function box(start, event) {
    const draft = begin("box", start, event);
    draft.points.push(start);
    return {
      draft,
      move: (points) => (draft.points[1] = lastOf(points)),
      end: () => addUnlessThin(draft),
    };
  }

  /** A click marks the line that is there; a drag draws a box. */
  function line(start, event) {
    const gesture = box(start, event);
    const end = () =>
      isClick(gesture.draft.points) ? lines.click(lines.at(start), event.shiftKey) : gesture.end();
    return { ...gesture, end };
  }

  function brush(start, event) {
    const draft = { ...begin("brush", start, event), radius: board.radius };
    return {
      draft,
      move: (points) => draft.points.push(...points),
      end: () => board.add([clean(draft)]),
    };
  }

  /** Round what is to be marked. */
  function lasso(start, event) {
    const draft = begin("lasso", start, event);
    return {
      draft,
      move: (points) => draft.points.push(...points),
      end: () => draft.points.length > 2 && addUnlessThin(clean(draft)),
    };
  }

  /** Selects the mark that is there; a drag moves it. */
  function select(start) {
    const shape = shapeAt(board.shapes, start);
    board.select(shape);
    if (!shape) return null;
    const gesture = { draft: null, hides: null, end: () => gesture.draft && swap() };
    const swap = () => board.replace(shape, gesture.draft);
    gesture.move = (points) => {
      const [x, y] = lastOf(points);
      if (!gesture.draft && isClick([start, [x, y]])) return;
      gesture.hides = shape;
      gesture.draft = movedInside(shape, x - start[0], y - start[1]);
    };
    return gesture;
  }

  /** Without points that show nothing; those of a thick brush may lie further apart. */
  function clean(draft) {
    let [x, y] = draft.points[0];
    const points = draft.points.filter((point, index) => {
      const apart = index < draft.points.length - 1 ? (draft.radius ?? 0) / 8 : 0;
      if (index && Math.hypot(point[0] - x, point[1] - y) <= apart) return false;
      [x, y] = point;
      return true;
    });
    return { ...draft, points };
  }

  function addUnlessThin(shape) {
    const [x0, y0, x1, y1] = boundsOf([shape]);
    if (x1 - x0 >= 1 && y1 - y0 >= 1 && shape.points.length > 1) board.add([shape]);
  }

  /** The mark moved, but not over the page's edge. */
  function movedInside(shape, dx, dy) {
    const [x0, y0, x1, y1] = boundsOf([shape]);
    const { width, height } = board.page;
    const keep = (by, low, high, size) =>
      clamp(by, Math.min(-low, 0), Math.max(size - high, 0));
    return movedShape(shape, keep(dx, x0, x1, width), keep(dy, y0, y1, height));
  }

  /** A box by the arrow keys: the first one puts it there, then they move or size it. */
  function nudgeBox(dx, dy, sizing) {
    if (!board.gesture?.byKeys) board.gesture = newKeyBox();
    else {
      const step = KEY_STEP / view.scale;
      const { draft } = board.gesture;
      const [a, b] = draft.points.map(([x, y]) => inside([x + dx * step, y + dy * step]));
      draft.points = sizing ? [draft.points[0], b] : [a, b];
    }
    board.redraw();
    board.say(board.text.key_box);
  }

  function newKeyBox() {
    const [x, y] = view.centre();
    const [wide, tall] = [80 / view.scale, 16 / view.scale];
    const draft = begin("box", inside([x - wide, y - tall]), {});
    draft.points.push(inside([x + wide, y + tall]));
    return { draft, byKeys: true, end: () => addUnlessThin(draft) };
  }

  function inside([x, y]) {
    return [round(clamp(x, 0, board.page.width)), round(clamp(y, 0, board.page.height))];
  }

  return { line, box, brush, lasso, select, nudgeBox };
}
