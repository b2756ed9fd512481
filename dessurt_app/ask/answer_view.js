// AnswerView: the Run and Stop button, the answer as it is written, and how it went.
//
// Gradio runs this file as the body of a function; see page_canvas.js for its arguments, and
// `trigger`, which sends an event to Python. The value is made in Python (answer_view.py):
// {state, text, tokens, written, status, status_page, notices, region, shape, more, lacks, serial};
// state is "ready", "running", "done", "stopped" or "error". A person's correction is added as
// `edited`. `props.saves` tells whether answers can be saved.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const words = makeWords(part("written"), part("details"), text, say);
const shape = makeShape(part("shaped"), text);
const preferred = { tree: "text", list: "shape" }; // how each kind of answer is shown
let busy = false; // from the click on Run until Gradio is ready for the next one
let stopping = false;
let shown = props.value;
let edited = null; // the person's correction
let editing = false;
let told = 0; // characters of the answer that were read aloud
let saved = null; // {message, change}: what came of saving it
let latest = 0; // the highest serial that came; what is older is late
let asked = null; // what the answer is to: {page, turn, marks, question}, as JSON texts
let present = null; // what is on the screen now, likewise

// ---- the answer -------------------------------------------------------------------------------

function show(answer) {
  if (answer.serial !== shown.serial || answer.state === "running") edited = null;
  shown = answer;
  editing = false;
  saved = null;
  words.show(answer.written);
  shape.show(answer.shape);
  part("notices").replaceChildren(...answer.notices.map(noticeItem));
  // Read aloud when something happens, but not each count of tokens.
  const counting = answer.state === "running" && answer.tokens > 0;
  part("status").setAttribute("aria-live", counting ? "off" : "polite");
  part("status").textContent = answer.status;
  part("copy").textContent = text.copy;
  tell(answer);
  refresh();
}

function noticeItem(sentence) {
  const item = document.createElement("li");
  item.textContent = sentence;
  return item;
}

/** Reads the answer aloud, one whole sentence after another. */
function tell(answer) {
  if (answer.text.length < told) told = 0;
  const rest = answer.text.slice(told);
  const end = answer.state === "running" ? rest.search(/[.!?…](?=\s)|[\\\n]/) + 1 : rest.length;
  if (!end) return;
  say(rest.slice(0, end).replaceAll(NEW_LINE, " "));
  told += end;
}

function say(sentence) {
  part("said").textContent = sentence;
}

/** Brings the buttons and the face of the answer up to date with the state. */
function refresh() {
  const over = !busy && shown.state !== "running";
  const other = elsewhere();
  if (shown.status_page && !saved) part("status").textContent = isStatusHere() ? shown.status : "";
  element.firstElementChild.dataset.state = shown.state;
  element.firstElementChild.toggleAttribute("data-elsewhere", Boolean(other));
  part("elsewhere").textContent = other;
  part("elsewhere").hidden = !other;
  part("run").hidden = busy;
  part("stop").hidden = !busy;
  part("resume").hidden = !(over && shown.more && edited === null && !editing && !other);
  part("edit").disabled = !over || !shown.text || (Boolean(other) && !editing);
  part("edit").textContent = editing ? text.done : text.edit;
  part("save").hidden = !props.saves || editing;
  const nothing = !(shown.text || shown.region);
  part("save").disabled = !over || nothing || Boolean(other) || saved?.change > 0;
  part("save").textContent = saved?.change ? text.saved : text.save;
  part("undo").hidden = !saved?.change;
  part("copy").disabled = !shown.text || editing;
  part("restore").hidden = edited === null || Boolean(other);
  part("badge").hidden = edited === null;
  part("edited").textContent = edited ?? "";
  const kind = shown.shape?.kind;
  part("choice").hidden = !kind || editing || edited !== null;
  for (const button of part("choice").children) {
    const { face } = button.dataset;
    button.setAttribute("aria-pressed", String(face === preferred[kind]));
    if (face === "shape") button.textContent = text["as_" + kind] ?? "";
  }
  for (const name of ["written", "shaped", "edited", "editor"]) part(name).hidden = name !== face();
  const counted = shown.text && edited === null; // a correction has nothing to check
  part("unsure").textContent = counted ? text.unsure.replace("{n}", words.unsure()) : "";
}

/** In words, if the answer is not to what is on the screen. */
function elsewhere() {
  if (!asked || !present || !(shown.text || shown.region)) return "";
  for (const kind of ["page", "turn", "marks", "question"]) {
    if (asked[kind] !== present[kind]) return text["other_" + kind];
  }
  return "";
}

/** Whether the page that the status is about is on the screen. */
function isStatusHere() {
  return !present || present.page === JSON.stringify(shown.status_page);
}

function face() {
  if (editing) return "editor";
  if (edited !== null) return "edited";
  return preferred[shown.shape?.kind] === "shape" ? "shaped" : "written";
}

async function copy() {
  const content = { written: words.text(), shaped: shape.copy(), edited }[face()];
  try {
    await navigator.clipboard.writeText(content);
    part("copy").textContent = text.copied;
  } catch {
    getSelection().selectAllChildren(part(face())); // not allowed: Ctrl+C does the rest
  }
}

// ---- asking -----------------------------------------------------------------------------------

function announceRegion(region) {
  document.dispatchEvent(new CustomEvent("dessurt:region", { detail: region }));
}

function run() {
  if (busy) return;
  announceRegion(null);
  begin({ ...shown, text: "", tokens: 0, written: [], notices: [] }, "submit");
}

function resume() {
  if (!part("resume").hidden) begin(shown, "resume");
}

function begin(answer, event) {
  busy = true;
  stopping = false;
  words.close();
  point("");
  const none = { status_page: null, shape: null, more: false, lacks: "" };
  show({ ...answer, ...none, state: "running", status: text.asking });
  if (event === "submit") trigger("submit");
  else trigger("resume");
  part("status").scrollIntoView({ block: "nearest" }); // on a small screen it may be far down
}

function stop() {
  if (!busy || stopping) return;
  stopping = true;
  trigger("stop");
}

function end() {
  busy = false;
  refresh();
}

/** Points at the place where something is missing. */
function point(need) {
  const places = { highlight: "page", mask: "page", text: "text" };
  for (const id of ["page", "text"]) {
    document.getElementById(id)?.toggleAttribute("data-lacking", id === places[need]);
  }
  if (need === "text") document.querySelector("#text :is(textarea, input)")?.focus();
}

for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, (event) => {
    if (event.target.closest?.("[data-lacking]")) point("");
  });
}

// ---- correcting -------------------------------------------------------------------------------

function edit() {
  if (part("edit").disabled || editing) return;
  words.close();
  editing = true;
  part("editor").value = edited ?? words.text();
  refresh();
  part("editor").focus();
}

function leaveEditor(correction) {
  editing = false;
  setEdited(correction);
  part("edit").focus();
}

function setEdited(correction) {
  edited = correction === words.text() ? null : correction;
  props.value = { ...props.value, edited };
  part("copy").textContent = text.copy;
  saved = null;
  refresh();
}

/** What was just corrected is worth keeping. */
function correct() {
  leaveEditor(part("editor").value);
  if (edited !== null) save();
}

function save() {
  if (!props.saves || busy) return;
  if (elsewhere()) {
    part("status").textContent = elsewhere(); // what was typed stays, for when one is back there
    return;
  }
  window.dessurt.correction = [edited, shown.serial];
  trigger("save");
}

// Sent by saving.py when something was saved or taken back, or could not be.
document.addEventListener("dessurt:saved", (event) => {
  if (busy || !event.detail) return; // the answer it was about is gone
  saved = event.detail;
  part("status").setAttribute("aria-live", "polite");
  part("status").textContent = saved.message;
  refresh();
});

part("editor").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.isComposing) {
    event.preventDefault();
    correct();
  } else if (event.key === "Escape") leaveEditor(edited ?? words.text());
});

for (const name of ["written", "edited"]) {
  part(name).addEventListener("dblclick", edit);
  part(name).addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "e" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // or else the editor would get the letter
    edit();
  });
}

// ---- buttons and keys -------------------------------------------------------------------------

part("run").addEventListener("click", run);
part("stop").addEventListener("click", stop);
part("resume").addEventListener("click", resume);
part("copy").addEventListener("click", copy);
part("save").addEventListener("click", save);
part("undo").addEventListener("click", () => trigger("undo"));
part("restore").addEventListener("click", () => leaveEditor(words.text()));
part("edit").addEventListener("click", () => {
  if (editing) correct();
  else edit();
});

part("choice").addEventListener("click", (event) => {
  preferred[shown.shape.kind] = event.target.dataset.face ?? preferred[shown.shape.kind];
  refresh();
});

function setThreshold() {
  const { value } = part("threshold");
  part("percent").textContent = text.percent.replace("{percent}", value);
  words.setThreshold(value / 100);
  refresh();
}
part("threshold").addEventListener("input", setThreshold);

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  },
  { capture: true },
);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !words.isOpen()) stop();
});

// ---- from Python ------------------------------------------------------------------------------

// Sent by ask_tab.py when a question is over for Gradio, in whichever way, or has failed.
document.addEventListener("dessurt:over", () => {
  // Stopped while it waited: the server knows of nothing that it could have stopped.
  if (stopping && shown.state === "running") {
    show({ ...shown, state: "stopped", status: text.stopped_early });
  }
  end();
});
document.addEventListener("dessurt:failed", () => {
  if (!stopping && shown.state === "running") show({ ...shown, state: "error", status: text.lost });
  end();
});

// Sent by ask_tab.py with every question, and with every change of what could be asked.
document.addEventListener("dessurt:asked", ({ detail }) => {
  asked = present = detail;
  refresh();
});
document.addEventListener("dessurt:present", ({ detail }) => {
  present = detail;
  refresh();
});

watchServer(
  () => busy,
  () => {
    show({ ...shown, state: "error", status: text.server_gone });
    end();
  },
);

watch("value", () => {
  const { serial, state, status, status_page } = props.value;
  if (serial < latest) return; // late, from a question that was stopped
  latest = serial;
  // Another page is there. What was written or typed about the last one stays until Run.
  if (state === "ready" && shown.state !== "running" && (shown.text || shown.region)) {
    part("status").textContent = status;
    shown = { ...shown, status, status_page };
    refresh();
    return;
  }
  show(props.value);
  point(props.value.lacks);
  if (props.value.region) announceRegion(props.value.region);
});
setThreshold();
show(props.value);
