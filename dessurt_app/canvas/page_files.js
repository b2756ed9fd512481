// Files come in by the buttons, dropped on the page, or pasted: one, several, or whole folders.

/**
 * A file that a person has brought.
 * @typedef {object} Brought
 * @property {File} [file]  Missing if it was brought before.
 * @property {string} name  With the folders in which it was.
 * @property {string} [path]  Where it is on the server, if it has been sent.
 */

const MOST_LISTED = 20_000; // files of folders; nobody takes more

const KIND = /^image\/|^application\/pdf$/;
const ENDING = /\.(png|jpe?g|tiff?|webp|bmp|gif|hei[cf]|avif|jp2|j2k|jp[fx]|pdf)$/i;

/** @param {File} file */
export const isPage = (file) => KIND.test(file.type) || ENDING.test(file.name);

const inOrder = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * Sorts files as a person would: 2.png comes before 10.png.
 * @template {{name: string}} T
 * @param {T[]} files
 */
export const sorted = (files) => files.toSorted((a, b) => inOrder.compare(a.name, b.name));

/**
 * The files of a list, in its order, or those of a folder, sorted.
 * @param {Iterable<File>} files
 * @returns {Brought[]}
 */
export function listed(files) {
  const all = [...files].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
  const isFolder = all.some(({ file }) => file.webkitRelativePath);
  return isFolder ? sorted(all.filter(({ name }) => !isHidden(name))) : all;
}

/** @param {string} path */
const isHidden = (path) => path.split("/").some((part) => part.startsWith("."));

/**
 * What was dropped; folders with all that lies in them, except what is hidden.
 * @param {DataTransfer} data
 * @returns {Promise<Brought[]>}
 */
export async function dropped(data) {
  // Both lists are empty after the first wait.
  const files = listed(data.files);
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  /** @type {{name: string, entry: FileSystemFileEntry}[]} */
  const found = [];
  for (const entry of entries) await collect(entry, found);
  const opened = sorted(found).map(async ({ name, entry }) => {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    return file && { file, name };
  });
  return (await Promise.all(opened)).filter(Boolean); // what vanished meanwhile is not there
}

/**
 * @param {any} entry  A FileSystemEntry.
 * @param {{name: string, entry: FileSystemFileEntry}[]} found
 */
async function collect(entry, found) {
  const name = entry.fullPath.replace(/^\//, "");
  if (isHidden(name) || found.length >= MOST_LISTED) return;
  if (entry.isFile) {
    found.push({ name, entry });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    /** @type {any[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return; // it gives a hundred at a time
    for (const child of some) await collect(child, found);
  }
}

/**
 * @param {HTMLElement} stage
 * @param {HTMLInputElement[]} inputs
 * @param {(files: Brought[]) => void} open
 * @param {() => void} onNoFile  Something else was dropped.
 */
export function listenToFiles(stage, inputs, open, onNoFile) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      open(listed(input.files ?? []));
      input.value = ""; // so that the same file can be chosen again
    });
  }

  /** @param {DragEvent} event */
  const onDrag = (event) => {
    event.preventDefault();
    stage.classList.add("dropping");
  };
  stage.addEventListener("dragenter", onDrag);
  stage.addEventListener("dragover", onDrag);
  stage.addEventListener("dragleave", () => stage.classList.remove("dropping"));
  stage.addEventListener("drop", async (event) => {
    event.preventDefault();
    stage.classList.remove("dropping");
    const files = event.dataTransfer ? await dropped(event.dataTransfer) : [];
    if (files.length) open(files);
    else onNoFile();
  });

  document.addEventListener("paste", (event) => {
    if (!isText(event)) open(listed(event.clipboardData?.files ?? []));
  });
}

/**
 * Whether text is pasted into a field: office programs put a picture beside it.
 * @param {ClipboardEvent} event
 */
function isText({ clipboardData, target }) {
  const intoField =
    target instanceof Element && target.matches("input, textarea, [contenteditable]");
  return intoField && clipboardData?.types.includes("text/plain");
}
