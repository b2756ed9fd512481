// The buttons round the page, which are one stop of the Tab key, and the sheet of keys.

import { find } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */
/** @import { Board } from "./page_board.js" */
/** @import { History } from "./page_history.js" */

/** @param {Element} node */
export const isPressed = (node) => node.getAttribute("aria-pressed") === "true";

/**
 * @param {Element} node
 * @param {boolean} on
 */
export const press = (node, on) => node.setAttribute("aria-pressed", String(on));

/**
 * A function that brings the toolbar up to date with the state.
 * @param {HTMLElement} element  The canvas component.
 * @param {Board} board
 * @param {History} history
 */
export function makeToolbar(element, board, history) {
  const toolbar = find(element, "[role=toolbar]", HTMLElement);
  const keepStop = makeTabStop(toolbar);
  const lineButton = find(element, "[data-tool=line]", HTMLButtonElement);
  const buttons = [...element.querySelectorAll("button")];

  /** @type {Record<string, () => boolean>} */
  const usable = {
    undo: history.canUndo,
    redo: history.canRedo,
    clear: () => board.shapes.length > 0,
    crop: () => board.shapes.some((shape) => shape.channel === "highlight"),
    close: () => Boolean(board.page),
  };

  return function refresh() {
    for (const button of buttons) {
      const { channel, tool, do: action = "" } = button.dataset;
      if (channel) press(button, channel === board.channel);
      else if (tool) press(button, tool === board.tool);
      else if (usable[action]) button.disabled = !usable[action]();
    }
    // Not disabled, but said to be: it can still be pointed at and focused, and then says why.
    lineButton.setAttribute("aria-disabled", String(Boolean(board.noLines)));
    lineButton.title = board.noLines || board.text.line_hint;
    keepStop();
  };
}

/**
 * Makes the buttons of a toolbar one stop of the Tab key, in which the arrow keys go from one to
 * the next.
 * @param {HTMLElement} toolbar
 * @returns {() => void} To be called whenever buttons have come, gone or been disabled.
 */
function makeTabStop(toolbar) {
  const all = [...toolbar.querySelectorAll("button")];
  const usable = () => all.filter((button) => !button.disabled && button.offsetParent);
  /** @type {HTMLButtonElement | null} */
  let stop = null;

  /** @param {HTMLButtonElement} button */
  function stopAt(button) {
    stop = button;
    for (const other of all) other.tabIndex = other === stop ? 0 : -1;
  }

  toolbar.addEventListener("focusin", (event) => {
    stopAt(/** @type {HTMLButtonElement} */ (event.target));
  });
  toolbar.addEventListener("keydown", (event) => {
    const buttons = usable();
    const at = buttons.findIndex((button) => button === document.activeElement);
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

  return () => {
    const buttons = usable();
    if (!stop || !buttons.includes(stop)) stopAt(buttons[0]);
  };
}

/**
 * The keys, or what fingers do where one points with these.
 * @param {HTMLDialogElement} dialog
 * @param {Text} text
 */
export function makeHelp(dialog, text) {
  const touch = matchMedia("(pointer: coarse)").matches;
  /** @type {[what: string, meaning: string][]} */
  const rows = touch ? text.touch_rows : text.help_rows;
  find(dialog, "p", HTMLElement).textContent = touch ? text.touch_intro : text.help_intro;
  const table = find(dialog, "tbody", HTMLTableSectionElement);
  for (const [keys, meaning] of rows) {
    const row = table.insertRow();
    row.append(Object.assign(document.createElement("th"), { textContent: keys, scope: "row" }));
    row.insertCell().textContent = meaning;
  }
  // The page behind must not take these keys: Escape would also stop the model.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", ({ target }) => {
    const onButton = target instanceof Element && target.closest("[data-part=help_close]");
    if (target === dialog || onButton) dialog.close();
  });
  return { show: () => dialog.showModal() };
}
