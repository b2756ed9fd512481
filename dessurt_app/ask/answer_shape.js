// An answer that has a shape: a list, a table, or JSON as a tree with its repairs (shaping.py).

/** Shows shapes in `box`; `copy()` is the shown one as text. */
function makeShape(box, text) {
  let copied = "";

  function show(shape) {
    if (shape?.kind === "tree") showTree(shape.pieces);
    else if (shape) showRows(shape);
    else box.replaceChildren();
  }

  function showTree(pieces) {
    const valid = pieces.filter(([kind]) => kind !== "removed");
    const value = JSON.parse(valid.map(([, piece]) => piece).join(""));
    copied = JSON.stringify(value, null, 2);
    const repaired = pieces.some(([kind]) => kind !== "same");
    box.replaceChildren(...(repaired ? [repairs(pieces)] : []), branches(value));
  }

  /** What was added and left out, in words and, when opened, in its place. */
  function repairs(pieces) {
    const told = pieces.filter(([kind]) => kind !== "same");
    const words = told.map(([kind, piece]) => text["repair_" + kind].replace("{text}", piece));
    const whole = make("pre");
    const tags = { same: "span", added: "ins", removed: "del" };
    whole.append(...pieces.map(([kind, piece]) => make(tags[kind], "", piece)));
    const details = make("details", "repairs");
    details.append(make("summary", "", `${text.repairs} ${words.join(", ")}`), whole);
    return details;
  }

  function branches(value) {
    const list = make("ul", "tree");
    const named = !Array.isArray(value);
    for (const [key, child] of Object.entries(value)) list.append(branch(named ? key : "", child));
    return list;
  }

  function branch(key, child) {
    const item = make("li");
    const name = key ? [make("span", "key", key), " "] : [];
    if (child === null || typeof child !== "object") {
      const leaf = typeof child === "string" ? child : JSON.stringify(child);
      item.append(...name, make("span", typeof child === "string" ? "" : "literal", leaf));
      return item;
    }
    const count = Object.keys(child).length;
    const summary = make("summary");
    const size = count === 1 ? text.one_entry : text.entries.replace("{n}", count);
    summary.append(...name, make("span", "size", size));
    const details = make("details");
    details.open = true;
    details.append(summary, branches(child));
    item.append(details);
    return item;
  }

  function showRows({ title, rows }) {
    copied = rows.map((row) => row.join("\t")).join("\n");
    const flat = rows.every((row) => row.length === 1);
    const whole = make(flat ? "ol" : "table");
    for (const row of rows) {
      const cells = row.map((cell) => cellNode(flat ? "li" : "td", cell));
      if (flat) whole.append(...cells);
      else whole.insertRow().append(...cells);
    }
    box.replaceChildren(...(title ? [make("p", "title", title)] : []), whole);
  }

  function cellNode(tag, cell) {
    return cell ? make(tag, "", cell) : make(tag, "blank", text.blank);
  }

  function make(tag, className = "", content = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.textContent = content;
    return node;
  }

  return { show, copy: () => copied };
}
