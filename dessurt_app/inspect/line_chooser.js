// Which line to look at, of a question whose lines the model sees one by one.
// This file is put in front of inspect_view.js.

/** `group` has a button for the line before, a sentence and one for the next line. */
function makeLineChooser(group, sentence, onChoose) {
  const [back, on] = group.querySelectorAll("button");
  let lines = 0;

  function choose(number) {
    if (number < 1 || number > lines) return;
    window.dessurt.part = number;
    refresh();
    onChoose();
  }

  function refresh() {
    const { part } = window.dessurt;
    const focused = document.activeElement;
    group.hidden = lines < 2;
    [back.disabled, on.disabled] = [part <= 1, part >= lines];
    if (focused === back && back.disabled) on.focus(); // or else the keys would be lost
    if (focused === on && on.disabled) back.focus();
    group.querySelector("span").textContent = fillIn(sentence, { n: part, of: lines });
  }

  back.addEventListener("click", () => choose(window.dessurt.part - 1));
  on.addEventListener("click", () => choose(window.dessurt.part + 1));
  group.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(window.dessurt.part + by);
  });

  /** There are so many lines now, 0: not known. Tells whether the chosen one is still among them;
   *  if not, the last one is chosen. */
  return function show(count) {
    lines = count;
    const known = !lines || window.dessurt.part <= lines;
    if (known) refresh();
    else choose(lines);
    return known;
  };
}
