// Draws a page, its marks and the model's region on a canvas. Knows nothing of events.
// This file is put in front of page_canvas.js.

function makePainter(canvas) {
  // What stays the same while a mark is drawn is kept in layers, as it lies on the screen: the page
  // with the region, and for each channel its finished marks. `scratch` adds the draft to them.
  const makeLayer = () => document.createElement("canvas").getContext("2d");
  const backdrop = makeLayer();
  const finished = { highlight: makeLayer(), mask: makeLayer() };
  const scratch = makeLayer();
  let backdropFor = [];
  let drawnFor = { key: "", place: [], shapes: [] };
  let hatch = null;

  /**
   * Scene: {page, picture and region ({picture}) or null, shapes, draft (or null), view, and two
   * boxes or null: pointed (the line under the mouse) and selected; sheet: what is straightened,
   * or null}. Without a page all is empty.
   */
  function paint(scene) {
    const box = canvas.getBoundingClientRect();
    const width = Math.round(box.width * window.devicePixelRatio);
    const height = Math.round(box.height * window.devicePixelRatio);
    if (!width || !height) return;
    const ratio = width / box.width;
    for (const layer of [canvas, scratch.canvas]) resize(layer, width, height);
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!scene.page) return;
    const place = [ratio * scene.view.scale, ratio * scene.view.x, ratio * scene.view.y];
    const key = [width, height, ...place].join(" ");

    refreshBackdrop(scene, key, place);
    refreshFinished(scene, key, place);
    context.drawImage(backdrop.canvas, 0, 0);
    blend(context, "highlight", scene, place, "multiply", 0.6);
    blend(context, "mask", scene, place, "source-over", 0.8);
    toPage(context, place);
    if (scene.pointed) follow(context, scene.pointed, "#1d4ea8", 2 / scene.view.scale);
    if (scene.selected) {
      const unit = 1 / scene.view.scale;
      outline(context, scene.selected, "#fff", [], 3 * unit);
      outline(context, scene.selected, "#1d4ea8", [6 * unit, 4 * unit], 3 * unit);
    }
    if (scene.sheet) drawSheet(context, scene.page, scene.sheet, 1 / scene.view.scale);
  }

  function resize(target, width, height) {
    if (target.width === width && target.height === height) return;
    target.width = width;
    target.height = height;
  }

  function restart(context, place) {
    context.canvas.width = canvas.width; // also clears
    context.canvas.height = canvas.height;
    toPage(context, place);
  }

  function toPage(context, [scale, x, y]) {
    context.setTransform(scale, 0, 0, scale, x, y);
  }

  function refreshBackdrop({ page, picture, region }, key, place) {
    const wanted = [key, page, picture, region];
    if (wanted.every((item, index) => item === backdropFor[index])) return;
    backdropFor = wanted;
    restart(backdrop, place);
    backdrop.imageSmoothingQuality = "high";
    backdrop.fillStyle = "#fff"; // until the picture is there
    backdrop.fillRect(0, 0, page.width, page.height);
    if (picture) backdrop.drawImage(picture, 0, 0, page.width, page.height);
    if (region) backdrop.drawImage(region.picture, 0, 0, page.width, page.height);
  }

  function refreshFinished({ shapes, view }, key, place) {
    const before = drawnFor.shapes;
    const kept = before.every((shape, index) => shape === shapes[index]);
    const inPlace = drawnFor.key === key;
    // Very many are only shifted and stretched, by `blend`, until the view has come to rest.
    const same = kept && shapes.length === before.length;
    if (same && (inPlace || (view.moving && areMany(shapes)))) return;
    const onlyAdded = kept && inPlace;
    drawnFor = { key, place, shapes };
    for (const [channel, context] of Object.entries(finished)) {
      if (!onlyAdded) restart(context, place);
      context.fillStyle = context.strokeStyle = "#ffd400";
      for (const shape of shapes.slice(onlyAdded ? before.length : 0)) {
        if (shape.channel === channel) fillShape(context, shape, outlineOf(shape));
      }
    }
  }

  /** Lays one channel over the page in one flat colour: overlapping marks do not add up. */
  function blend(context, channel, { shapes, draft }, place, operation, alpha) {
    const drawing = draft?.channel === channel;
    if (!drawing && !shapes.some((shape) => shape.channel === channel)) return;
    const { width, height } = scratch.canvas;
    const [scale, x, y] = drawnFor.place;
    const stretch = place[0] / scale;
    toPage(scratch, [stretch, place[1] - stretch * x, place[2] - stretch * y]);
    scratch.globalCompositeOperation = "copy";
    scratch.drawImage(finished[channel].canvas, 0, 0);
    scratch.globalCompositeOperation = "source-over";
    if (drawing) {
      toPage(scratch, place);
      scratch.fillStyle = scratch.strokeStyle = "#ffd400";
      fillShape(scratch, draft, traceShape(draft));
    }
    scratch.setTransform(1, 0, 0, 1, 0, 0);
    if (channel === "mask") {
      scratch.globalCompositeOperation = "source-in";
      scratch.fillStyle = hatch ||= makeHatch(scratch);
      scratch.fillRect(0, 0, width, height);
    }
    context.globalCompositeOperation = operation;
    context.globalAlpha = alpha;
    context.drawImage(scratch.canvas, 0, 0);
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
  }

  function outline(context, [x0, y0, x1, y1], colour, dashes, thickness) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.setLineDash(dashes);
    const [width, height] = [x1 - x0 + 2 * thickness, y1 - y0 + 2 * thickness];
    context.strokeRect(x0 - thickness, y0 - thickness, width, height);
    context.setLineDash([]);
  }

  /** A line round a shape of the page. */
  function follow(context, shape, colour, thickness) {
    context.strokeStyle = colour;
    context.lineWidth = 2 * thickness;
    context.lineJoin = "miter";
    context.stroke(outlineOf(shape));
  }

  /** Red stripes: a mask must be told from a highlight without seeing colours. */
  function makeHatch(context) {
    const tile = makeLayer();
    tile.canvas.width = tile.canvas.height = 12;
    tile.fillStyle = "#f3c6c8";
    tile.fillRect(0, 0, 12, 12);
    tile.strokeStyle = "#b3121d";
    tile.lineWidth = 3;
    for (const x of [-12, 0, 12]) {
      tile.moveTo(x - 2, 14);
      tile.lineTo(x + 14, -2);
    }
    tile.stroke();
    return context.createPattern(tile.canvas, "repeat");
  }

  return paint;
}
