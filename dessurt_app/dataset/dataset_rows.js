// The list of saved answers: shows rows, one of which is current, and edits its answer in place.
// This file is put in front of dataset_view.js.

/** `fetchCrops(ids)` gets {id: address of a small picture}; `onSelect` is told of every move. */
function makeRows(list, text, fetchCrops, onSelect) {
  const sight = new IntersectionObserver(onSight, { root: list, rootMargin: "200px" });
  let rows = [];
  let current = -1; // index of a row
  let wanted = []; // ids of rows that came into sight without a picture
  let editor = null; // {row, node, answer, done}

  function show(next, at = 0) {
    endEdit();
    sight.disconnect();
    wanted = [];
    rows = next;
    list.replaceChildren(...rows.map(makeItem));
    for (const item of list.children) sight.observe(item);
    current = -1;
    select(Math.min(at, rows.length - 1), false);
  }

  /** Puts another row in the place of the one with its id. */
  function replace(row) {
    const index = rows.findIndex((other) => other.id === row.id);
    if (index < 0) return;
    const old = list.children[index];
    const item = makeItem(row);
    rows[index] = row;
    item.querySelector(".crop").replaceWith(old.querySelector(".crop"));
    const focused = old === document.activeElement;
    old.replaceWith(item);
    if (index === current) mark(focused);
  }

  function makeItem(row) {
    const item = document.createElement("li");
    item.dataset.id = row.id;
    item.tabIndex = -1;
    const about = make("div", "about");
    const name = fillIn(row.text ? text.task_with_text : text.task, row);
    about.append(make("span", "task", name), make("span", "state " + row.state, text[row.state]));
    if (row.confidence !== null) {
      const percent = Math.round(100 * row.confidence);
      about.append(make("span", "", fillIn(text.percent, { percent })));
    }
    const nothing = row.place ? text.place : text.blank;
    const answer = make("p", "answer", row.answers.join("\n") || nothing);
    answer.classList.toggle("blank", !row.answers.join(""));
    item.append(make("div", "crop"), answer);
    if (row.model !== null && row.model !== row.answers[0]) item.append(makeModel(row));
    item.append(about);
    item.title = row.page;
    return item;
  }

  /** What the model wrote, with the part marked that differs from the answer. */
  function makeModel({ model, answers }) {
    const [[answer], most] = [answers, Math.min(model.length, answers[0].length)];
    let start = 0;
    while (start < most && model[start] === answer[start]) start++;
    let end = 0;
    while (end < most - start && model.at(-1 - end) === answer.at(-1 - end)) end++;
    const line = make("p", "model", text.model + " " + model.slice(0, start));
    const differs = make("del", "", model.slice(start, model.length - end));
    line.append(differs, model.slice(model.length - end));
    return line;
  }

  function make(kind, name, content = "") {
    return Object.assign(document.createElement(kind), { className: name, textContent: content });
  }

  // ---- pictures, only of what is in sight -----------------------------------------------------

  function onSight(entries) {
    const asked = wanted.length > 0;
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      wanted.push(target.dataset.id);
    }
    if (wanted.length && !asked) setTimeout(fetchWanted, 60);
  }

  async function fetchWanted() {
    const ids = wanted;
    wanted = [];
    const pictures = await fetchCrops(ids).catch(() => ({})); // then there are only the words
    for (const item of list.children) {
      const src = pictures[item.dataset.id];
      const place = item.querySelector(".crop");
      if (src && !place.firstChild) place.append(Object.assign(new Image(), { alt: "", src }));
    }
  }

  // ---- the current row ------------------------------------------------------------------------

  function select(index, focus = true) {
    if (index < 0 || index >= rows.length) return false;
    if (index !== current) endEdit();
    const old = list.children[current];
    old?.removeAttribute("aria-current");
    if (old) old.tabIndex = -1;
    current = index;
    mark(focus);
    return true;
  }

  function mark(focus) {
    const item = list.children[current];
    item.setAttribute("aria-current", "true");
    item.tabIndex = 0; // the one that Tab reaches
    if (focus) item.focus({ preventScroll: true });
    // Not scrollIntoView, which would scroll the screen as well.
    const top = item.offsetTop - list.offsetTop;
    const bottom = top + item.offsetHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    onSelect();
  }

  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item && event.target.tagName !== "TEXTAREA") select([...list.children].indexOf(item));
  });

  // ---- editing --------------------------------------------------------------------------------

  /** Lets the current answer, or that of the row with an id, be changed: begins with `answers`.
   *  `done` gets the row and its new answers. */
  function edit(done, id = null, answers = null) {
    if (id) select(rows.findIndex((row) => row.id === id));
    if (editor || current < 0) return;
    const row = rows[current];
    const answer = list.children[current].querySelector(".answer");
    const node = document.createElement("textarea");
    node.value = (answers ?? row.answers).join("\n");
    node.rows = Math.min(Math.max(1, Math.ceil(node.value.length / 42), row.answers.length), 8);
    node.setAttribute("aria-label", row.answers.length > 1 ? text.editor_several : text.editor);
    answer.hidden = true;
    answer.after(node);
    editor = { row, node, answer, done };
    node.addEventListener("keydown", onEditorKey);
    node.focus();
    node.select();
    onSelect();
  }

  function onEditorKey(event) {
    event.stopPropagation(); // letters are no shortcuts here
    const plain = !event.shiftKey && !event.ctrlKey && !event.isComposing;
    if (event.key === "Escape") endEdit(false);
    else if (event.key === "Enter" && plain) endEdit();
    else return;
    event.preventDefault();
    list.children[current].focus({ preventScroll: true });
  }

  /** What was typed counts, however one goes on; only Esc drops it. */
  function endEdit(keep = true) {
    if (!editor) return;
    const { row, node, answer, done } = editor;
    editor = null;
    node.remove();
    answer.hidden = false;
    const answers = row.answers.length > 1 ? node.value.split("\n") : [node.value];
    if (keep && answers.join("\n") !== row.answers.join("\n")) done(row, answers);
    onSelect();
  }

  return {
    show,
    replace,
    select,
    edit,
    endEdit,
    move: (by) => select(current + by),
    get current() {
      return rows[current];
    },
    get at() {
      return current;
    },
    get count() {
      return rows.length;
    },
    get editing() {
      return editor !== null;
    },
  };
}
