// The pages of a file that has several: back and forth, and a strip of small pictures.
// This file is put in front of page_canvas.js.

/**
 * `goTo(number)` shows a page; `fetchPictures(path, first)` gets the addresses of small pictures,
 * BATCH of them from page number `first` on.
 */
function makeStrip(element, text, goTo, fetchPictures) {
  const BATCH = 24;
  const part = (name) => element.querySelector('[data-part="' + name + '"]');
  const list = part("thumbnails");
  const sight = new IntersectionObserver(onSight, { root: list });
  let path = ""; // of the file whose pages are in the list
  let asked = new Set(); // first pages of the batches asked for

  function show(page) {
    const several = (page?.pages ?? 1) > 1;
    part("pages").hidden = !several;
    if (!several) return;
    if (page.path !== path) fill(page);
    const place = { n: page.number + 1, of: page.pages };
    part("page_number").textContent = fillIn(text.page_number, place);
    element.querySelector('[data-do="page_back"]').disabled = page.number === 0;
    element.querySelector('[data-do="page_on"]').disabled = page.number === page.pages - 1;
    const current = list.children[page.number];
    if (current.hasAttribute("aria-current")) return;
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    current.setAttribute("aria-current", "page");
    // Not scrollIntoView, which would scroll the screen as well.
    list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
  }

  function fill(page) {
    path = page.path;
    asked = new Set();
    sight.disconnect();
    list.replaceChildren(...Array.from({ length: page.pages }, (_, number) => makeItem(number)));
    for (const item of list.children) sight.observe(item);
  }

  /** Small pictures are made only of pages that come into sight. */
  function onSight(entries) {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) fetchBatch(Math.floor(target.dataset.number / BATCH) * BATCH);
    }
  }

  async function fetchBatch(first) {
    if (asked.has(first)) return;
    const forFile = asked.add(first);
    const urls = await fetchPictures(path, first).catch(() => []); // then there are the numbers
    if (forFile !== asked) return; // another file has come
    urls.forEach((src, index) => {
      list.children[first + index].prepend(Object.assign(new Image(), { alt: "", src }));
    });
  }

  function makeItem(number) {
    const item = document.createElement("button");
    item.type = "button";
    item.dataset.number = number;
    item.title = fillIn(text.page_title, { n: number + 1 });
    item.tabIndex = -1; // the keyboard has PgUp, PgDn and the buttons beside
    item.append(Object.assign(document.createElement("span"), { textContent: number + 1 }));
    item.addEventListener("click", () => goTo(number));
    return item;
  }

  return { show };
}
