// The words of an answer, put together from the model's tokens. Words of which the model is unsure
// are underlined; a word opens to its tokens and to what the model might have written instead.

const NEW_LINE = "\\"; // as the model writes it

/** Shows tokens as words in `box`, and one word's tokens in the popover `details`. */
function makeWords(box, details, text, say) {
  let tokens = [];
  let words = []; // {node, tokens: indexes of its tokens}
  let open = null; // the word that the next token may go on with
  let waiting = []; // tokens without text: the beginning of a character, or the end
  let threshold = 0;
  let current = 0; // the word that Tab reaches

  function clear() {
    box.replaceChildren();
    box.tabIndex = 0;
    [tokens, words, waiting] = [[], [], []];
    open = null;
    current = 0;
  }

  /** Appends what is new; the words before stay untouched on the screen. */
  function show(all) {
    if (tokens.some((token, i) => token.text !== all[i]?.text)) clear();
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    const before = tokens.length;
    tokens = all;
    for (let i = before; i < all.length; i++) append(all[i].text, i);
    if (atEnd && all.length > before) box.scrollTop = box.scrollHeight;
  }

  function append(written, index) {
    if (!written) waiting.push(index);
    const shown = isJson() ? written : written.replaceAll(NEW_LINE, "\n");
    for (const piece of shown.split(/(\s+)/)) {
      if (/^\s/.test(piece)) {
        open = null;
        box.append(piece);
      } else if (piece) {
        open ??= newWord();
        open.tokens.push(...waiting, index);
        open.node.append(piece);
        waiting = [];
        mark(open);
      }
    }
  }

  /** In which the sign for a new line is a sign like others. */
  const isJson = () => /^[[{]/.test(tokens.find((token) => token.text.trim())?.text.trim() ?? "");

  function newWord() {
    const node = document.createElement("span");
    node.className = "word";
    node.role = "button";
    node.tabIndex = words.length ? -1 : 0;
    node.dataset.word = words.length;
    box.tabIndex = -1; // from now on the words are reached by Tab
    box.append(node);
    words.push({ node, tokens: [] });
    return words[words.length - 1];
  }

  const sureness = (word) => Math.min(...word.tokens.map((i) => tokens[i].probability));

  function mark({ node, ...word }) {
    const low = sureness(word) < threshold;
    node.classList.toggle("low", low);
    if (low) node.ariaDescription = text.sure_of.replace("{percent}", percent(sureness(word)));
    else node.ariaDescription = null;
  }

  function setThreshold(value) {
    threshold = value;
    words.forEach(mark);
  }

  // ---- one word: arrows go to the next, Enter opens it ------------------------------------------

  function choose(index) {
    words[current].node.tabIndex = -1;
    current = Math.max(0, Math.min(index, words.length - 1));
    words[current].node.tabIndex = 0;
    words[current].node.focus();
    if (isOpen()) openDetails();
  }

  const isOpen = () => details.matches(":popover-open");

  function openDetails() {
    const word = words[current];
    const end = current === words.length - 1 ? waiting : [];
    const columns = document.createElement("div");
    const warning = document.createElement("p");
    columns.append(...[...word.tokens, ...end].map(tokenDetails));
    warning.textContent = text.not_accuracy;
    details.replaceChildren(columns, warning);
    details.showPopover();
    const at = word.node.getBoundingClientRect();
    const room = [innerWidth - details.offsetWidth - 8, innerHeight - details.offsetHeight - 8];
    const above = at.top - details.offsetHeight - 6;
    details.style.left = Math.max(8, Math.min(at.left, room[0])) + "px";
    details.style.top = Math.max(8, at.bottom + 6 <= room[1] ? at.bottom + 6 : above) + "px";
    say([...word.tokens, ...end].map(spokenDetails).join(" "));
  }

  function tokenDetails(index) {
    const token = tokens[index];
    const choices = likelyOnes(token).length ? likelyOnes(token) : [token];
    const list = document.createElement("ol");
    for (const choice of choices) {
      const row = document.createElement("li");
      const name = document.createElement("span");
      const share = document.createElement("span");
      name.textContent = choice === token ? tokenName(index) : nameOf(choice.text, text.end);
      share.textContent = text.percent.replace("{percent}", percent(choice.probability));
      row.classList.toggle("chosen", choice.id === token.id);
      row.style.setProperty("--share", percent(choice.probability) + "%");
      row.append(name, share);
      list.append(row);
    }
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = tokenName(index);
    section.append(heading, list);
    return section;
  }

  function spokenDetails(index) {
    const token = tokens[index];
    const others = likelyOnes(token).filter((choice) => choice.id !== token.id);
    const told = others.map((o) => `${nameOf(o.text, text.end)} ${percent(o.probability)} %`);
    return text.details
      .replace("{token}", tokenName(index))
      .replace("{percent}", percent(token.probability))
      .replace("{others}", told.join(", ") || "-");
  }

  function tokenName(index) {
    const nothing = waiting.includes(index) ? text.end : text.part;
    return nameOf(tokens[index].text, nothing);
  }

  box.addEventListener("click", (event) => {
    const node = event.target.closest(".word");
    if (!node || !getSelection().isCollapsed) return;
    choose(Number(node.dataset.word));
    openDetails();
  });

  box.addEventListener("keydown", (event) => {
    if (!words.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const goal = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: words.length };
    if (event.key in goal) choose(goal[event.key]);
    else if (event.key === "Enter" || event.key === " ") openDetails();
    else return;
    event.preventDefault();
  });

  return {
    show,
    text: () => box.textContent,
    clear,
    setThreshold,
    isOpen,
    close: () => isOpen() && details.hidePopover(),
    unsure: () => words.filter(({ node }) => node.classList.contains("low")).length,
  };
}

/** What might stand in the place of a token and itself, but for what comes to 0 %. */
function likelyOnes({ id, alternatives = [] }) {
  return alternatives.filter((choice) => choice.id === id || percent(choice.probability) > 0);
}

/** In whole percents, but 100 only for what is certain. */
function percent(probability) {
  return Math.min(Math.round(100 * probability), probability < 1 ? 99 : 100);
}

/** A token's text with its spaces to be seen. */
function nameOf(written, nothing) {
  return written.replaceAll(" ", "␣").replaceAll(/[\n\\]/g, "↵") || `(${nothing})`;
}
