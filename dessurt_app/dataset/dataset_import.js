// Sends files to be imported, follows how far the server is with them, and stops it.
// This file is put in front of dataset_view.js.

const LOOK_EVERY = 300; // milliseconds
const IMPORT = "dessurt:import"; // the key of the import that goes on, for this tab after a reload

/** `view` shows what is told: `progress({stage, done, of})`, `tell(sentence, wrong)` and in the end
 *  `imported(came)`; its `call` gives what a function of the server does, or tells of an error. */
function makeImporter(server, upload, text, view) {
  let stopping = false;
  let wake = () => {}; // ends a pause between two looks

  function keep(key) {
    try {
      if (key) sessionStorage.setItem(IMPORT, key);
      else sessionStorage.removeItem(IMPORT);
    } catch (error) {
      console.warn(error); // forbidden: only a reload will show it
    }
  }

  function recall() {
    try {
      return sessionStorage.getItem(IMPORT);
    } catch {
      return null;
    }
  }

  /** The names and paths of the files on the server, or nothing if that has ended here. */
  async function send(files) {
    const sent = [];
    for (const file of files) {
      if (stopping) break;
      view.progress({ stage: "sending", done: sent.length + 1, of: files.length });
      try {
        sent.push([file.webkitRelativePath || file.name, (await upload(file)).path]);
      } catch (error) {
        console.warn(error);
        return view.tell(fillIn(text.upload_failed, { name: file.name }), true);
      }
    }
    return stopping ? view.tell(text.stopped) : sent;
  }

  async function follow(key) {
    for (let lost = false; ; ) {
      try {
        const stop = stopping;
        const found = await (stop ? server.stop_import(key) : server.import_progress(key));
        const { error, came, ...progress } = found;
        if (lost) view.tell(text.importing);
        lost = false;
        if (error || came) {
          keep(null);
          return error ? view.tell(error, true) : view.imported(came);
        }
        view.progress(stop ? { stage: "stopping" } : progress);
        if (stopping && !stop) continue; // it was pressed meanwhile
      } catch (error) {
        console.warn(error);
        lost = true; // perhaps only for a while
        view.tell(text.server_lost, true);
      }
      await new Promise((done) => {
        wake = done;
        setTimeout(done, LOOK_EVERY);
      });
    }
  }

  return {
    /** Whether an import was going on when the tab was reloaded. */
    get isLeft() {
      return Boolean(recall());
    },
    goOn() {
      return follow(recall());
    },
    async start(files) {
      stopping = false;
      const sent = await send(files);
      if (!sent) return;
      const begun = await view.call(() => server.import_uploads(sent));
      if (!begun) return;
      keep(begun.key);
      await follow(begun.key);
    },
    stop() {
      stopping = true;
      wake();
    },
  };
}
