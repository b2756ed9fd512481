// Sends files to be imported, follows how far the server is with them, and stops it.

import { fillIn, recall, remember } from "../screen/component.js";

/** @import { Server, Text, Upload } from "../screen/component.js" */

/**
 * How far an import is: how many files are sent, or where the server is with them.
 * @typedef {{stage: string, done?: number, of?: number}} Progress
 */

/**
 * What came of an import.
 * @typedef {object} Imported
 * @property {number} added
 * @property {number} there  How many were there already.
 * @property {boolean} [stopped]
 * @property {string} [error]
 * @property {number[]} changes  To be undone by their numbers.
 * @property {string[]} errors
 * @property {number} left_out  How many more errors there are.
 */

/**
 * What the importer tells of its work.
 * @typedef {object} ImportView
 * @property {(progress: Progress) => void} progress
 * @property {(sentence: string, wrong?: boolean) => void} say
 * @property {(outcome: Imported) => Promise<void>} imported
 * @property {(fetch: () => Promise<any>) => Promise<any>} call  Gives what a function of the server
 *   answers, or null after an error.
 */

const LOOK_EVERY = 300; // milliseconds
const IMPORT = "import"; // under which the import that goes on is remembered, for after a reload

/**
 * @param {Server} server
 * @param {Upload} upload
 * @param {Text} text
 * @param {ImportView} view
 */
export function makeImporter(server, upload, text, view) {
  let stopping = false;
  let wake = () => {}; // ends a pause between two looks

  /**
   * The names and paths of the files on the server; null if they were not all sent.
   * @param {File[]} files
   */
  async function send(files) {
    const sent = [];
    for (const file of files) {
      if (stopping) break;
      view.progress({ stage: "sending", done: sent.length + 1, of: files.length });
      try {
        sent.push([file.webkitRelativePath || file.name, (await upload(file)).path]);
      } catch (error) {
        console.warn(error);
        view.say(fillIn(text.upload_failed, { name: file.name }), true);
        return null;
      }
    }
    if (stopping) view.say(text.stopped);
    return stopping ? null : sent;
  }

  /**
   * Looks at an import until it has ended.
   * @param {string} key
   */
  async function follow(key) {
    for (let lost = false; ; ) {
      try {
        const stop = stopping;
        const look = stop ? server.stop_import : server.import_progress;
        const { error, came, ...progress } = await look(key);
        if (lost) view.say(text.importing);
        lost = false;
        if (error || came) {
          remember(IMPORT, null);
          return error ? view.say(error, true) : view.imported(came);
        }
        view.progress(stop ? { stage: "stopping" } : progress);
        if (stopping && !stop) continue; // it was pressed meanwhile
      } catch (error) {
        console.warn(error);
        lost = true; // perhaps only for a while
        view.say(text.server_lost, true);
      }
      await new Promise((resolve) => {
        wake = () => resolve(null);
        setTimeout(wake, LOOK_EVERY);
      });
    }
  }

  return {
    /** Whether an import was going on when the tab was reloaded. */
    get isLeft() {
      return Boolean(recall(IMPORT));
    },
    async goOn() {
      await follow(recall(IMPORT) ?? "");
    },
    /** @param {File[]} files */
    async start(files) {
      stopping = false;
      const sent = await send(files);
      if (!sent) return;
      const begun = await view.call(() => server.import_uploads(sent));
      if (!begun) return;
      remember(IMPORT, begun.key);
      await follow(begun.key);
    },
    stop() {
      stopping = true;
      wake();
    },
  };
}

/**
 * The name of the sentence about an import.
 * @param {Pick<Imported, "stopped" | "added" | "there">} outcome
 */
export function outcomeName({ stopped, added, there }) {
  if (stopped) return added ? "stopped_some" : "stopped";
  if (there) return "imported_some";
  return added ? "imported" : "imported_none";
}
