// Undo and redo. A step is a whole state, {page, marks, upright}: the page shown, and of all pages,
// by `pageKey`, the marks and how they are laid out. States share what they have in common and are
// never changed in place.
// This file is put in front of page_canvas.js.

const MOST_STEPS = 1000;

function makeHistory(first) {
  let past = [];
  let future = [];
  const history = { now: first };

  history.set = (next) => {
    past = [...past.slice(1 - MOST_STEPS), history.now];
    future = [];
    history.now = next;
  };

  /** A start of its own: there is nothing before it to go back to. */
  history.begin = (next) => {
    past = [];
    future = [];
    history.now = next;
  };

  const step = (from, to) => {
    if (!from.length) return false;
    to.push(history.now);
    history.now = from.pop();
    return true;
  };
  history.undo = () => step(past, future);
  history.redo = () => step(future, past);
  history.canUndo = () => past.length > 0;
  history.canRedo = () => future.length > 0;
  return history;
}

const pageKey = (page) => page.path + "#" + page.number;
/** What the server calls a page. */
const placeOf = ({ path, number, upright }) => [path, number, upright];

// What survives a reload: kept by the browser for this tab only, so that two tabs do not mix and
// nothing stays behind when the tab is closed.
const MEMORY = "dessurt:canvas";
const MEMORY_LIMIT = 1_000_000; // characters, some 10,000 boxes; browsers keep a few millions

/** Writes a state down soon, and at the latest when the tab goes away. */
function makeMemory() {
  let waiting = null; // {state, timer}

  function write() {
    if (!waiting) return;
    clearTimeout(waiting.timer);
    const json = JSON.stringify(waiting.state);
    waiting = null;
    try {
      if (json.length <= MEMORY_LIMIT) sessionStorage.setItem(MEMORY, json);
      else sessionStorage.removeItem(MEMORY); // better nothing than marks of long ago
    } catch (error) {
      console.warn(error); // forbidden or full: only a reload will show it
    }
  }

  addEventListener("pagehide", write);
  return {
    keep(state) {
      clearTimeout(waiting?.timer);
      waiting = { state, timer: setTimeout(write, 300) };
    },
    recall() {
      try {
        return JSON.parse(sessionStorage.getItem(MEMORY));
      } catch {
        return null;
      }
    },
  };
}
