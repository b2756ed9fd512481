// Mouse and fingers over a picture: one drags it, two zoom it; so does the wheel with Ctrl.
// This file is put in front of inspect_view.js.

/** `picture()` is null when there is none; `pointAt` gets the pixel under the pointer. */
function listenToPicture(canvas, view, picture, pointAt) {
  const down = new Map(); // pointerId -> last place on the canvas

  function point(place) {
    pointAt([0, 1].map((axis) => Math.floor((place[axis] - [view.x, view.y][axis]) / view.scale)));
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, view.onCanvas(event));
    if (picture() && down.size === 1) point(view.onCanvas(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!picture()) return;
    const [now, before] = [view.onCanvas(event), down.get(event.pointerId)];
    if (down.size === 2 && before) view.pinch(down, event.pointerId, now);
    else if (before) view.panBy(now[0] - before[0], now[1] - before[1]);
    if (before) down.set(event.pointerId, now);
    if (down.size < 2) point(now);
  });

  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => down.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") pointAt([-1, -1]); // a finger leaves with each touch
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!picture() || !event.ctrlKey) return; // the plain wheel scrolls the screen
      event.preventDefault();
      view.zoomTo(view.scale * Math.exp(-event.deltaY / 400), view.onCanvas(event));
    },
    { passive: false },
  );
}
