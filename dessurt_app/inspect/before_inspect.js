// What Inspect needs before it is there: Gradio builds a tab only when it is first opened.
// This script runs once, with the screen.

// The page on the canvas; where the region's picture is; which line is looked at, from 1; what a
// person made of the answer, to be saved; the id of the saved answer to open.
window.dessurt = { page: null, region: null, part: 1, correction: null, row: "" };

document.addEventListener("dessurt:region", (event) => (window.dessurt.region = event.detail));

// The canvas shows another page, of which no region is known.
document.addEventListener("dessurt:page", (event) => {
  Object.assign(window.dessurt, { page: event.detail, part: 1 });
  document.dispatchEvent(new CustomEvent("dessurt:region", { detail: null }));
});

// I on the page opens Inspect, and takes one back.
document.addEventListener("keydown", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  if (event.key.toLowerCase() !== "i" || !plain || !event.target.matches?.("#page canvas")) return;
  document.querySelector("#tabs [role='tab'][aria-selected='false']").click();
});
