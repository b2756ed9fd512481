// Whether the server is still there while a question is asked. When it is gone, Gradio shows a
// message in the corner and waits for it, perhaps for ever.
// This file is put in front of answer_view.js.

const LOOK_EVERY = 2000; // milliseconds
const MISSES = 2; // so many in a row: a network may fail once

/** Calls `onLost` when the server does not answer while `isBusy()`. */
function watchServer(isBusy, onLost) {
  let missed = 0;
  setInterval(async () => {
    if (!isBusy()) missed = 0;
    else if (await isThere()) missed = 0;
    else if (isBusy() && ++missed === MISSES) onLost();
  }, LOOK_EVERY);
}

async function isThere() {
  try {
    await fetch(new URL("gradio_api/app_id", document.baseURI), { cache: "no-store" });
    return true; // whatever it says
  } catch {
    return false;
  }
}
