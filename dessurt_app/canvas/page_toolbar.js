// The toolbar as one stop of the Tab key, in which the arrow keys go from button to button, and
// the sheet of keys.
// This file is put in front of page_canvas.js.

const pressed = (node) => node.getAttribute("aria-pressed") === "true";
const press = (node, on) => node.setAttribute("aria-pressed", String(on));

/** Gives a function to call whenever buttons have come, gone or been disabled. */
function makeToolbar(toolbar) {
  const all = [...toolbar.querySelectorAll("button")];
  const usable = () => all.filter((button) => !button.disabled && button.offsetParent);
  let stop = null;

  function stopAt(button) {
    stop = button;
    for (const other of all) other.tabIndex = other === stop ? 0 : -1;
  }

  toolbar.addEventListener("focusin", (event) => stopAt(event.target));
  toolbar.addEventListener("keydown", (event) => {
    const buttons = usable();
    const at = buttons.indexOf(document.activeElement);
    const next = {
      ArrowRight: (at + 1) % buttons.length,
      ArrowLeft: (at - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons[next].focus();
  });

  return function refresh() {
    const buttons = usable();
    if (!buttons.includes(stop)) stopAt(buttons[0]);
  };
}

/** Rows: pairs of a key's name and what it does. */
function makeHelp(dialog, rows) {
  const table = dialog.querySelector("tbody");
  for (const [keys, does] of rows) {
    const row = table.insertRow();
    row.append(Object.assign(document.createElement("th"), { textContent: keys, scope: "row" }));
    row.insertCell().textContent = does;
  }
  // The page behind must not take these keys: Escape would also stop the model.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-part=help_close]")) dialog.close();
  });
  return { show: () => dialog.showModal() };
}
