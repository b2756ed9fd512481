// What keys do while the page has the focus.
// This file is put in front of page_canvas.js.

/** Gives a function that tells whether it has used a keydown event on the canvas. */
function makeKeys(board, actions, tools, lines) {
  const PAN = 60; // pixels of the screen
  const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

  const keys = {
    h: () => board.setChannel("highlight"),
    m: () => board.setChannel("mask"),
    c: () => board.setTool("line"),
    r: () => board.setTool("box"),
    b: () => board.setTool("brush"),
    l: () => board.setTool("lasso"),
    e: () => board.setTool("select"),
    f: actions.fit,
    0: actions.zoom_full,
    "+": actions.zoom_in,
    "=": actions.zoom_in,
    "-": actions.zoom_out,
    "[": () => board.setRadius(board.radius / 1.25),
    "]": () => board.setRadius(board.radius * 1.25),
    "?": actions.help,
    pageup: actions.page_back,
    pagedown: actions.page_on,
    delete: actions.delete,
    backspace: actions.delete,
    enter,
  };

  /** Finishes the box that the arrow keys have made, or marks the line that they have gone to. */
  function enter(event) {
    if (board.gesture?.byKeys) {
      const { gesture } = board;
      board.gesture = null;
      gesture.end();
      board.redraw();
    } else if (board.tool === "line") lines.click(lines.current, event.shiftKey);
  }

  function arrow([dx, dy], event) {
    if (board.tool === "line" && dy) lines.step(dy);
    else if (board.tool === "box") tools.nudgeBox(dx, dy, event.shiftKey);
    else if (board.tool === "select" && dy) selectNext(dy);
    else board.view.panBy(-dx * PAN, -dy * PAN);
  }

  function selectNext(by) {
    const { shapes } = board;
    if (!shapes.length) return;
    const at = shapes.indexOf(board.selected);
    const next = at < 0 ? 0 : (at + by + shapes.length) % shapes.length;
    board.select(shapes[next]);
    board.view.reveal(boundsOf([shapes[next]]));
  }

  /** Escape goes one step back: the mark being drawn, then the selection; then it is not ours. */
  function escape() {
    if (board.gesture) board.cancel();
    else if (board.selected) board.select(null);
    else return false;
    return true;
  }

  return function use(event) {
    if (event.key === "Escape") return escape();
    const action = keys[event.key.toLowerCase()];
    if (event.key in ARROWS) arrow(ARROWS[event.key], event);
    else if (action) action(event);
    else return false;
    return true;
  };
}
