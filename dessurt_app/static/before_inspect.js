// What Inspect needs before it is there: Gradio builds a tab only when it is first opened.
// This script runs once, with the screen.

// The canvas's value; where the region's picture is; which line is looked at, from 1; what a person
// made of the answer, to be saved; the id of the saved answer to open.
window.dessurt = { drawn: null, region: null, part: 1, correction: null, row: "" };

document.addEventListener("dessurt:region", (event) => (window.dessurt.region = event.detail));

// The canvas has another page or other marks, or there is another task or model (inspect_tab.py).
document.addEventListener("dessurt:drawn", (event) => {
  const pageOf = (value) => JSON.stringify([value?.page, value?.number ?? 0]);
  const before = window.dessurt.drawn;
  window.dessurt.drawn = event.detail;
  // Python has put a page there, or the person has: no region is of this one.
  const anotherPage = event.detail?.picture || pageOf(before) !== pageOf(event.detail);
  if (!anotherPage) return;
  window.dessurt.part = 1;
  document.dispatchEvent(new CustomEvent("dessurt:region", { detail: null }));
});

// I on the page opens Inspect, and takes one back.
document.addEventListener("keydown", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  if (event.key.toLowerCase() !== "i" || !plain || !event.target.matches?.("#page canvas")) return;
  document.querySelector("#tabs [role='tab'][aria-selected='false']").click();
});
