// Straightening: the four corners of a photographed sheet are dragged where they belong, or the
// page is turned by an angle. While it lasts, it has the page's pointers and keys.
// This file is put in front of page_canvas.js.

/** `board` is made in page_canvas.js, `panel` holds the buttons and the angle; `find()` gets what
 *  the server sees, {corners, seen, angle}, and `apply(corners or null, angle)` does it. */
function makeStraightener(board, panel, find, apply) {
  const GRASP = 28; // pixels of the screen, in which a corner is taken hold of
  const STEEPEST = 45; // degrees
  const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const angleInput = panel.querySelector("input");
  const straightener = {
    sheet: null, // while it lasts: {corners, angle, cut: whether corners count, chosen: which one}
  };

  straightener.start = async () => {
    const { page } = board;
    const { error, corners, seen, angle } = await find();
    if (page !== board.page) return; // meanwhile another one was opened
    if (error) return board.complain(error);
    board.complain("");
    board.select(null);
    straightener.sheet = { corners, angle, cut: seen, chosen: 0 };
    board.say(seen ? board.text.sheet_seen : board.text.sheet_unseen, { angle });
    refresh();
  };

  straightener.stop = () => {
    if (!straightener.sheet) return;
    straightener.sheet = null;
    refresh();
  };

  straightener.apply = () => {
    const { corners, angle, cut } = straightener.sheet;
    straightener.stop();
    return apply(cut ? corners : null, cut ? 0 : angle);
  };

  /** A gesture as in page_tools.js. */
  straightener.press = (point) => {
    const { corners } = straightener.sheet;
    const away = corners.map(([x, y]) => Math.hypot(point[0] - x, point[1] - y));
    const chosen = away.indexOf(Math.min(...away));
    if (away[chosen] * board.view.scale > GRASP) return null;
    choose(chosen);
    return { move: (points) => put(points[points.length - 1]), end: () => {} };
  };

  /** Whether it has used a key. */
  straightener.useKey = (event) => {
    const { corners, chosen } = straightener.sheet;
    if (event.key in ARROWS) {
      const step = (event.shiftKey ? 10 : 1) / board.view.scale;
      const [x, y] = corners[chosen];
      put([x + ARROWS[event.key][0] * step, y + ARROWS[event.key][1] * step]);
    } else if (/^[1-4]$/.test(event.key)) choose(Number(event.key) - 1);
    else if (event.key === "Enter") straightener.apply();
    else if (event.key === "Escape") straightener.stop();
    else return false;
    return true;
  };

  function choose(chosen) {
    straightener.sheet = { ...straightener.sheet, chosen };
    board.say(board.text.corner_chosen, { at: chosen + 1 });
    refresh();
  }

  function put([x, y]) {
    const { width, height } = board.page;
    const { corners, chosen } = straightener.sheet;
    const moved = [...corners];
    moved[chosen] = [round(clamp(x, 0, width)), round(clamp(y, 0, height))];
    straightener.sheet = { ...straightener.sheet, corners: moved, cut: true };
    refresh();
  }

  function refresh() {
    const { sheet } = straightener;
    if (sheet) {
      if (document.activeElement !== angleInput) angleInput.value = sheet.cut ? 0 : sheet.angle;
      angleInput.disabled = sheet.cut; // a rectangle is level
    }
    board.refresh();
  }

  angleInput.addEventListener("input", () => {
    const angle = clamp(Number(angleInput.value) || 0, -STEEPEST, STEEPEST);
    straightener.sheet = { ...straightener.sheet, angle };
    refresh();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === angleInput) straightener.apply();
    else if (event.key === "Escape") straightener.stop();
    else return;
    event.preventDefault();
    event.stopPropagation(); // or else it would also stop the model
  });

  return straightener;
}

/** Draws what is being straightened: the sheet's outline or lines along the text, and corners. */
function drawSheet(context, page, { corners, angle, cut, chosen }, unit) {
  context.lineWidth = 2 * unit;
  context.strokeStyle = "#1d4ea8";
  context.beginPath();
  if (cut) corners.forEach((corner) => context.lineTo(...corner));
  else {
    const climb = (Math.tan((angle * Math.PI) / 180) * page.width) / 2;
    for (let y = page.height / 12; y < page.height; y += page.height / 12) {
      context.moveTo(0, y - climb);
      context.lineTo(page.width, y + climb);
    }
  }
  if (cut) context.closePath();
  context.save();
  context.globalAlpha = cut ? 1 : 0.5;
  context.stroke();
  context.restore();
  corners.forEach((corner, index) => {
    context.beginPath();
    context.arc(...corner, 9 * unit, 0, 2 * Math.PI);
    context.fillStyle = index === chosen ? "#1d4ea8" : "#fff";
    context.fill();
    context.stroke();
  });
}
