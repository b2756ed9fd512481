// Draws a page, its marks and the model's region on a canvas. Knows nothing of events.
// This file is put in front of page_canvas.js.

function makePainter(canvas) {
  // Finished marks are drawn once per view into `finished`; `scratch` adds the draft to them.
  const makeLayer = () => document.createElement("canvas").getContext("2d");
  const finished = { highlight: makeLayer(), mask: makeLayer() };
  const scratch = makeLayer();
  let drawnFor = { key: "", shapes: [] };
  let hatch = null;

  /** Scene: {page, picture, region (or null), shapes, draft (or null), view}. */
  function paint(scene) {
    const box = canvas.getBoundingClientRect();
    const width = Math.round(box.width * window.devicePixelRatio);
    const height = Math.round(box.height * window.devicePixelRatio);
    if (!width || !height) return;
    const ratio = width / box.width;
    resize(canvas, width, height);
    resize(scratch.canvas, width, height);
    const place = [ratio * scene.view.scale, ratio * scene.view.x, ratio * scene.view.y];
    const { width: pageWidth, height: pageHeight } = scene.page;

    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    toPage(context, place);
    context.imageSmoothingQuality = "high";
    context.drawImage(scene.picture, 0, 0, pageWidth, pageHeight);
    if (scene.region) context.drawImage(scene.region, 0, 0, pageWidth, pageHeight);

    refreshFinished(scene.shapes, place, width, height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    blend(context, "highlight", scene.draft, place, "multiply", 0.6);
    blend(context, "mask", scene.draft, place, "source-over", 0.8);
  }

  function resize(target, width, height) {
    if (target.width === width && target.height === height) return;
    target.width = width;
    target.height = height;
  }

  function toPage(context, [scale, x, y]) {
    context.setTransform(scale, 0, 0, scale, x, y);
  }

  function refreshFinished(shapes, place, width, height) {
    const key = [width, height, ...place].join(" ");
    const before = drawnFor.key === key ? drawnFor.shapes : [];
    // Shapes are only ever added at the end or taken back, so an equal last one means that all
    // before it are drawn already.
    const drawn = before.length;
    const onlyAdded = drawn > 0 && shapes[drawn - 1] === before[drawn - 1];
    if (onlyAdded && shapes.length === drawn) return;
    drawnFor = { key, shapes };
    for (const [channel, context] of Object.entries(finished)) {
      if (!onlyAdded) {
        context.canvas.width = width; // also clears
        context.canvas.height = height;
        toPage(context, place);
      }
      for (const shape of shapes.slice(onlyAdded ? drawn : 0)) {
        if (shape.channel === channel) fillShape(context, shape);
      }
    }
  }

  /** Lays one channel over the page, in one flat colour, so that overlapping marks do not add up. */
  function blend(context, channel, draft, place, operation, alpha) {
    const { width, height } = scratch.canvas;
    scratch.setTransform(1, 0, 0, 1, 0, 0);
    scratch.globalCompositeOperation = "copy";
    scratch.drawImage(finished[channel].canvas, 0, 0);
    scratch.globalCompositeOperation = "source-over";
    if (draft?.channel === channel) {
      toPage(scratch, place);
      fillShape(scratch, draft);
      scratch.setTransform(1, 0, 0, 1, 0, 0);
    }
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

  function fillShape(context, shape) {
    context.fillStyle = context.strokeStyle = "#ffd400";
    const first = shape.points[0];
    const last = shape.points[shape.points.length - 1];
    if (shape.kind === "box") {
      context.fillRect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
      return;
    }
    context.lineWidth = shape.radius * 2;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(first[0], first[1]);
    for (const [x, y] of shape.points) context.lineTo(x, y);
    context.stroke();
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
