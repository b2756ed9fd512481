// DatasetView: the saved answers, row by row, to accept, correct, skip, import and export.
//
// Gradio runs this file as the body of a function; see page_canvas.js for its arguments. All that
// is shown comes from the functions of `server` (dataset_tab.py); the value is not used.

const CHANGES = "dessurt:changes";
const MOST_CHANGES = 100;
const text = props.text;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const number = new Intl.NumberFormat("en");
const rows = makeRows(part("rows"), text, fetchCrops, refresh);
const importer = makeImporter(server, upload, text, {
  progress: showProgress,
  tell,
  call,
  imported: showImported,
});
let shown = { first: 0, found: 0 }; // which rows of those found are in the list
const changes = recallChanges(); // what was done here, to undo: a list of numbers for each step
let seen = false; // whether the tab is open
let asked = 0; // only what was asked last counts

// ---- the rows ---------------------------------------------------------------------------------

async function fetchCrops(ids) {
  const { pictures = {} } = await server.crops(ids);
  const found = Object.entries(pictures).filter(([, path]) => path);
  return Object.fromEntries(found.map(([id, path]) => [id, fileUrl(path)]));
}

/** Shows the rows from number `first` on; the one at place `at`, or the last one, gets current. */
async function load(first = shown.first, at = Math.max(rows.at, 0)) {
  const attempt = ++asked;
  const wanted = [part("state").value, part("confidence").value / 100, first];
  const found = await call(() => server.list_rows(wanted));
  if (!found || attempt !== asked) return;
  shown = found;
  listStates(found.counts);
  rows.show(found.rows, at);
  const all = found.counts[""];
  const counts = [count(all, text.answer_count), count(found.pages, text.page_count)];
  part("summary").textContent = counts.join(", ");
  const keys = matchMedia("(hover: hover)").matches && all > 0;
  if (keys && !part("status").textContent) tell(text.keys);
  part("empty").textContent = all ? text.nothing_found : text.nothing_saved;
  part("empty").hidden = found.rows.length > 0;
  part("pager").hidden = found.found <= found.rows.length;
  const last = found.first + found.rows.length;
  const places = { first: found.first + 1, last, of: found.found };
  for (const key in places) places[key] = number.format(places[key]);
  part("stretch").textContent = fillIn(text.stretch, places);
  button("back").disabled = found.first === 0;
  button("on").disabled = last >= found.found;
  refresh();
}

const count = (n, [one, many]) => fillIn(n === 1 ? one : many, { n: number.format(n) });

function listStates(counts) {
  const chosen = part("state").value;
  part("state").replaceChildren(
    ...Object.entries(counts).map(([value, n]) => {
      const label = fillIn(text.state_count, { state: text[value || "all"], n: number.format(n) });
      return new Option(label, value, false, value === chosen);
    }),
  );
}

/** Brings the buttons up to date. */
function refresh() {
  for (const name of ["accept", "skip", "open"]) {
    button(name).disabled = !rows.current || rows.editing;
  }
  button("edit").disabled = !rows.current;
  button("edit").firstChild.data = (rows.editing ? text.done : text.edit) + " ";
  button("edit").querySelector("kbd").textContent = rows.editing ? "↵" : "E";
}

function tell(sentence, wrong = false, done = []) {
  part("status").textContent = sentence;
  part("status").classList.toggle("wrong", wrong);
  if (done.length) changes.push(done);
  keepChanges();
}

/** They are kept for this tab, over a reload; the server forgets the oldest. */
function keepChanges() {
  button("undo").hidden = !changes.length;
  try {
    sessionStorage.setItem(CHANGES, JSON.stringify(changes.slice(-MOST_CHANGES)));
  } catch (error) {
    console.warn(error); // forbidden: only a reload will show it
  }
}

function recallChanges() {
  try {
    return JSON.parse(sessionStorage.getItem(CHANGES)) ?? [];
  } catch {
    return [];
  }
}

const shortened = (answer) => (answer.length > 60 ? answer.slice(0, 59) + "…" : answer);

/** What a function of the server gives, or nothing if it told of an error. */
async function call(ask) {
  try {
    const { error, ...found } = await ask();
    if (!error) return found;
    tell(error, true);
  } catch (error) {
    console.warn(error);
    tell(text.server_lost, true);
  }
  return null;
}

let works = 0; // how many go on

async function working(work) {
  works++;
  part("working").hidden = false;
  try {
    return await work();
  } finally {
    part("working").hidden = --works === 0;
  }
}

// ---- review -----------------------------------------------------------------------------------

async function review(action, row = rows.current, answers = []) {
  if (!row) return;
  const done = await call(() => server.review([row.id, row.version, action, answers]));
  if (done) rows.replace(done.row);
  if (!done?.change) {
    if (action === "correct") rows.edit(correct, row.id, answers); // what was typed is kept
    const now = { answer: shortened(done?.row.answers[0] ?? "") };
    if (done) tell(action === "correct" ? fillIn(text.changed, now) : text.changed_row, true);
    return;
  }
  tell(text["did_" + action], false, [done.change]);
  if (action !== "correct" && rows.current?.id === row.id) go(1);
}

function edit() {
  if (rows.editing) rows.endEdit();
  else rows.edit(correct);
}

const correct = (row, answers) => review("correct", row, answers);

/** One row on or back, over the end of the list to the next ones. */
function go(by) {
  if (rows.move(by)) return;
  if (by > 0 && !button("on").disabled) turn(1);
  if (by < 0 && !button("back").disabled) turn(-1);
}

async function turn(way) {
  const first = way > 0 ? shown.first + rows.count : Math.max(0, shown.first - 1);
  await load(first, way > 0 ? 0 : Infinity);
  rows.select(rows.at);
}

async function undo() {
  const undone = [];
  for (const change of changes.at(-1)) undone.push(await call(() => server.undo(change)));
  if (undone.includes(null)) return;
  changes.pop();
  await load();
  rows.select(rows.at);
  tell(undone.some(({ done }) => done) ? text.undone : text.not_undone);
}

function open() {
  window.dessurt.row = rows.current.id;
  trigger("open");
  document.querySelector("#tabs [role='tab']").click();
}

// ---- import and export ------------------------------------------------------------------------

/** Runs `work` of the importer, with Stop in place of the buttons that import. */
async function importing(work) {
  tell(text.importing);
  showStop(true);
  await working(work);
  showStop(false);
}

function showStop(during) {
  const focused = ["import", "folder", "stop"].some((name) => document.activeElement === button(name));
  for (const name of ["import", "folder"]) button(name).hidden = during;
  for (const each of [part("progress"), button("stop")]) each.hidden = !during;
  if (focused) button(during ? "stop" : "import").focus();
}

function showProgress({ stage, done = 0, of = 0 }) {
  const numbers = { done: number.format(done), of: number.format(of) };
  part("progress").textContent = fillIn(text[stage], numbers);
  button("stop").disabled = stage === "writing"; // all at once: it is too late to stop
}

async function showImported(came) {
  const { added, there, stopped, error, changes: done } = came;
  const told = stopped
    ? added ? text.stopped_some : text.stopped
    : there ? text.imported_some : added ? text.imported : text.imported_none;
  const counts = { added: number.format(added), there: number.format(there) };
  const sentence = error ?? fillIn(told, counts);
  const focused = part("rows").contains(document.activeElement);
  if (!rows.editing) await load();
  if (focused && !rows.editing) rows.select(rows.at);
  tell(sentence, Boolean(error), done);
  if (came.errors.length) showErrors(sentence, came);
}

function showErrors(sentence, { errors, left_out: more }) {
  part("came").textContent = sentence;
  const lines = more ? [...errors, fillIn(text.more_errors, { n: more })] : errors;
  part("error_list").replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
  part("errors").showModal();
}

async function write() {
  part("export").close();
  const seed = Math.trunc(part("seed").valueAsNumber || 0);
  const wanted = [seed, part("checked").checked];
  const made = await call(() => server.export_zip(wanted));
  if (!made) return;
  const link = document.createElement("a");
  link.href = fileUrl(made.path);
  link.download = made.path.split("/").pop();
  link.click();
  const [one, many] = text.exported;
  const told = { n: number.format(made.count), name: link.download };
  tell(fillIn(made.count === 1 ? one : many, told));
}

// ---- buttons and keys -------------------------------------------------------------------------

const actions = {
  accept: () => review("accept"),
  skip: () => review("skip"),
  edit,
  open,
  undo,
  back: () => turn(-1),
  on: () => turn(1),
  stop: importer.stop,
  import: () => part("files").click(),
  folder: () => part("files_of_folder").click(),
  export: () => part("export").showModal(),
  write: () => working(write),
  close: () => element.querySelector("dialog[open]").close(),
};
const KEYS = { e: "edit", x: "skip", o: "open", u: "undo" };
const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

element.addEventListener("click", (event) => {
  const name = event.target.closest("button")?.dataset.do;
  if (name) actions[name]();
});

// Letters work within the tab; Enter, which presses buttons elsewhere, in the list alone.
element.addEventListener("keydown", (event) => {
  const { target, altKey, metaKey, ctrlKey } = event;
  if (altKey || metaKey || ctrlKey || target.closest("dialog, select, input, textarea")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = key === "Enter" && target.closest("li") ? "accept" : KEYS[key];
  if (key in MOVES) go(MOVES[key]);
  else if (name && !button(name).disabled && !button(name).hidden) actions[name]();
  else return;
  event.preventDefault();
});
part("rows").addEventListener("dblclick", () => rows.editing || edit());

for (const name of ["files", "files_of_folder"]) {
  part(name).addEventListener("change", async () => {
    const files = [...part(name).files];
    part(name).value = ""; // so that the same can be chosen again
    if (files.length) await importing(() => importer.start(files));
  });
}

function setConfidence() {
  part("percent").textContent = fillIn(text.percent, { percent: part("confidence").value });
}
part("confidence").addEventListener("input", setConfidence);
for (const name of ["state", "confidence"]) {
  part(name).addEventListener("change", () => load(0, 0));
}

// ---- opening the tab --------------------------------------------------------------------------

// Something may have been saved since the tab was last open.
new ResizeObserver(() => {
  const before = seen;
  seen = element.offsetWidth > 0;
  if (seen && !before && !rows.editing) load();
}).observe(element);

if (importer.isLeft) importing(importer.goOn);
listStates({ "": 0 });
setConfidence();
keepChanges();
refresh();
