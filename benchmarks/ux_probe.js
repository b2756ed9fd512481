// Put into the page before anything else: measures from an event to what it brings about.

window.probe = {
  shifts: 0, // all layout shifts so far, also those right after a click
  result: null,
  frames: [],

  /**
   * `result` becomes a promise of the milliseconds from the next `event` (null: from the start of
   * the page) to the moment when `condition` holds, or to the first frame after that if `painted`;
   * it fails after a minute.
   */
  measure(event, condition, painted) {
    const holds = new Function("return " + condition);
    let start = event ? null : 0;
    const onEvent = (caught) => (start = caught.timeStamp);
    if (event) addEventListener(event, onEvent, { capture: true, once: true });
    probe.result = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("not within a minute: " + condition)), 60_000);
      const watcher = new MutationObserver(() => {
        if (start === null || !holds()) return;
        watcher.disconnect();
        const done = () => resolve(performance.now() - start);
        if (painted) requestAnimationFrame(() => setTimeout(done));
        else done();
      });
      watcher.observe(document, {
        subtree: true, childList: true, attributes: true, characterData: true,
      });
    });
  },

  /** Writes down when each frame begins, and how long the answer is in it, until `stopFrames`. */
  startFrames() {
    probe.frames = [];
    const next = () => {
      const written = document.querySelector('[data-part="written"]');
      probe.frames.push([performance.timeOrigin + performance.now(), written.textContent.length]);
      probe.pending = requestAnimationFrame(next);
    };
    probe.pending = requestAnimationFrame(next);
  },

  stopFrames() {
    cancelAnimationFrame(probe.pending);
    return probe.frames;
  },

  /** From the click on Run (the last `measure`) to the moment its request was sent, in ms. */
  sentAfter(start) {
    const sent = performance.getEntriesByType("resource").filter((e) => e.name.includes("/join"));
    return sent[sent.length - 1].requestStart - start;
  },
};

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) probe.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });

addEventListener("click", (event) => (probe.clicked = event.timeStamp), { capture: true });
