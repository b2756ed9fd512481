// AnswerView: the Run and Stop button, the answer as it is written, and how it went.
//
// Gradio runs this file as the body of a function; see page_canvas.js for its arguments, and
// `trigger`, which sends an event to Python. The value is made in Python (answer_view.py):
// {state, text, tokens, status, notices, region, serial}; state is "ready", "running", "done",
// "stopped" or "error".

const text = props.text;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
let busy = false; // from the click on Run until Gradio is ready for the next one
let stopping = false;
let shown = props.value;
let written = ""; // the answer on the screen

function setBusy(value) {
  busy = value;
  stopping = false;
  part("run").hidden = busy;
  part("stop").hidden = !busy;
}

function show(answer) {
  shown = answer;
  element.firstElementChild.dataset.state = answer.state;
  write(answer.text);
  part("status").textContent = answer.status;
  part("notices").replaceChildren(...answer.notices.map(noticeItem));
  part("copy").disabled = !answer.text;
  part("copy").textContent = text.copy;
  // Read aloud once, at the end, and not token by token.
  part("said").textContent = answer.state === "running" ? "" : answer.text;
}

/** Appends what is new; the tokens before it stay untouched on the screen. */
function write(answer) {
  const box = part("written");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  if (!answer.startsWith(written)) {
    box.replaceChildren();
    written = "";
  }
  if (answer.length > written.length) box.append(answer.slice(written.length));
  written = answer;
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function noticeItem(sentence) {
  const item = document.createElement("li");
  item.textContent = sentence;
  return item;
}

function announceRegion(region) {
  document.dispatchEvent(new CustomEvent("dessurt:region", { detail: region }));
}

function run() {
  if (busy) return;
  announceRegion(null);
  setBusy(true);
  show({ ...shown, state: "running", text: "", status: text.asking, notices: [] });
  trigger("submit");
  part("status").scrollIntoView({ block: "nearest" }); // on a small screen it may be far down
}

function stop() {
  if (!busy || stopping) return;
  stopping = true;
  trigger("stop");
}

async function copy() {
  try {
    await navigator.clipboard.writeText(written);
    part("copy").textContent = text.copied;
  } catch {
    getSelection().selectAllChildren(part("written")); // not allowed: Ctrl+C does the rest
  }
}

part("run").addEventListener("click", run);
part("stop").addEventListener("click", stop);
part("copy").addEventListener("click", copy);

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
  if (event.key === "Escape") stop();
});

// Sent by ask_tab.py when a question is over for Gradio, in whichever way, or has failed.
document.addEventListener("dessurt:over", () => setBusy(false));
document.addEventListener("dessurt:failed", () => {
  if (!stopping && shown.state === "running") show({ ...shown, state: "error", status: text.lost });
  setBusy(false);
});

watch("value", () => {
  if (props.value.serial < shown.serial) return; // late, from a question that was stopped
  show(props.value);
  if (props.value.region) announceRegion(props.value.region);
});
show(props.value);
