// What the scripts of all screens share: what Gradio starts them with, how they find elements of
// their templates and files of the server, and what the browser remembers.

/**
 * What Gradio gives to the script of a component (see `on_load` in static_files.py).
 * @template Value
 * @typedef {object} Component
 * @property {HTMLElement} element  Its root.
 * @property {{value: Value, saves?: boolean}} props  What Python has sent, and the value it gets.
 * @property {(event: string) => void} trigger  Sends an event to Python.
 * @property {Server} server
 * @property {Upload} upload
 * @property {(property: string, onChange: () => void) => void} watch  Tells of a value that Python
 *   has set.
 */

/** @typedef {Record<string, (argument: any) => Promise<any>>} Server  Functions of Python. */
/** @typedef {(file: File) => Promise<{path: string}>} Upload  Sends a file to the server. */
/** @typedef {Record<string, any>} Text  Sentences for people, see strings/. */

/**
 * The element of a class that a selector leads to.
 * @template {HTMLElement} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function find(root, selector, kind) {
  const node = root.querySelector(selector);
  if (!(node instanceof kind)) throw new TypeError(`no ${kind.name} at ${selector}`);
  return node;
}

/**
 * A function that finds an element of a template by its attribute data-part.
 * @param {ParentNode} root
 */
export function partFinder(root) {
  /** @type {<T extends HTMLElement = HTMLElement>(name: string, kind?: new () => T) => T} */
  return (name, kind) => {
    const wanted = kind ?? /** @type {any} */ (HTMLElement);
    return find(root, `[data-part="${name}"]`, wanted);
  };
}

/**
 * A function that finds a button by what it does, its attribute data-do.
 * @param {ParentNode} root
 * @returns {(action: string) => HTMLButtonElement}
 */
export function buttonFinder(root) {
  return (action) => find(root, `[data-do="${action}"]`, HTMLButtonElement);
}

/**
 * The dataset of the button that an event happened on; an empty one, if it was none.
 * @param {Event} event
 * @returns {DOMStringMap}
 */
export function clickedData({ target }) {
  const button = target instanceof Element ? target.closest("button") : null;
  return button?.dataset ?? {};
}

/**
 * A sentence with values in the place of their names in braces.
 * @param {string} sentence
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function fillIn(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/**
 * The address of a file that the server has named by its path.
 * @param {string} path
 * @param {string} [base]  The address of the app.
 * @returns {string}
 */
export function fileUrl(path, base = document.baseURI) {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL(`gradio_api/file=${encoded}`, base).href;
}

// What survives a reload is kept by the browser for this tab only, so that two tabs do not mix and
// nothing stays behind when the tab is closed. It may be forbidden, or full.

/**
 * Remembers a value under a name; null forgets what was there.
 * @param {string} name
 * @param {string | null} value
 */
export function remember(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(`dessurt:${name}`);
    else sessionStorage.setItem(`dessurt:${name}`, value);
  } catch (error) {
    console.warn(error); // only a reload will show it
  }
}

/**
 * What is remembered under a name, or null.
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  try {
    return sessionStorage.getItem(`dessurt:${name}`);
  } catch {
    return null;
  }
}

/**
 * What is remembered under a name as JSON, or null.
 * @param {string} name
 * @returns {any}
 */
export function recallJson(name) {
  try {
    return JSON.parse(recall(name) ?? "null");
  } catch {
    return null;
  }
}
