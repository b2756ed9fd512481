// Gets pages from the server: opened files, other pages of the same file, crops.
// This file is put in front of page_canvas.js.

async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** Loads images and keeps the last few, so that undo shows a page at once. */
function makePictures() {
  const KEPT = 3;
  const loaded = new Map(); // address -> promise of the image, the youngest last
  return function load(path) {
    const url = fileUrl(path);
    const image = loaded.get(url) ?? loadImage(url);
    loaded.delete(url);
    loaded.set(url, image);
    image.catch(() => loaded.delete(url));
    for (const old of [...loaded.keys()].slice(0, -KEPT)) loaded.delete(old);
    return image;
  };
}

/** The password that a person types in; null if there comes none. */
function askPassword(dialog, sentence) {
  const input = dialog.querySelector("input");
  dialog.querySelector("p").textContent = sentence;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((told) => {
    const tell = () => {
      told(dialog.returnValue ? input.value : null);
      input.value = "";
    };
    dialog.addEventListener("close", tell, { once: true });
  });
}

/** `board` is made in page_canvas.js; `showBusy(on)` tells that the server is at work; `dialog` asks
 *  for a password. */
function makeOpener(board, server, upload, loadPicture, showBusy, dialog) {
  const { text } = board;
  let attempts = 0; // only the last one counts
  let wanted = null; // the number of the page that is being turned to

  /**
   * Shows the page that `ask` gets, {page, number, upright, pages, width, height, picture, notice}
   * or {error, and if it needs a password the path that is `locked`}, unless another one is asked for meanwhile. `failed` is told when nothing comes back;
   * `shapesOf` gives the marks on it from what was got, else it keeps those it had; `put` takes the
   * new state. Tells whether the page is shown.
   */
  async function open(ask, failed, shapesOf = () => null, put = board.setState) {
    const attempt = ++attempts;
    const late = () => attempt !== attempts;
    showBusy(true);
    try {
      const { error, locked, notice = "", ...opened } = await ask();
      if (!late() && error) board.complain(error);
      if (!late() && locked) unlock(locked, error);
      if (late() || error) return false;
      const { page: path, number = 0, pages = 1, width, height, picture, upright = {} } = opened;
      await loadPicture(picture);
      if (late()) return false;
      const page = { path, number, pages, width, height, picture, upright };
      const { marks, upright: ways } = board.state;
      const shapes = shapesOf(opened);
      put({
        page,
        marks: shapes ? { ...marks, [pageKey(page)]: shapes } : marks,
        upright: { ...ways, [pageKey(page)]: upright },
      });
      board.complain(notice);
      board.say(text.opened, { page: number + 1, of: pages });
      return true;
    } catch (error) {
      console.warn(error);
      if (!late()) board.complain(failed);
      return false;
    } finally {
      if (!late()) showBusy(false);
    }
  }

  async function unlock(path, sentence) {
    const password = await askPassword(dialog, sentence);
    if (password !== null) open(() => server.unlock([path, password]), text.server_lost);
  }

  /** The value of a page, laid out as it was last. */
  const fetchPage = (path, number) =>
    server.open_page([path, number, board.state.upright[pageKey({ path, number })] ?? {}]);

  const openPage = (path, number, put) =>
    open(() => fetchPage(path, number), text.server_lost, undefined, put);

  function openFile(file) {
    const ask = async () => fetchPage((await upload(file)).path, 0);
    return open(ask, fillIn(text.upload_failed, { name: file.name }));
  }

  /** Shows the page laid out otherwise, as `ask(page, shapes)` gets it; its marks move along. */
  async function layOut(ask) {
    const asked = () => ask(placeOf(board.page), board.shapes);
    const laidOut = await open(asked, text.server_lost, ({ marks }) => marks.shapes);
    if (laidOut) board.say(text.laid_out);
  }
  const turn = (quarters) => layOut((...page) => server.turn([...page, quarters]));
  const straighten = (corners, angle) =>
    layOut((...page) => server.straighten([...page, corners, angle]));

  /** A value that Python has set. */
  function adopt(value, put) {
    return open(async () => value, text.server_lost, () => JSON.parse(value.marks).shapes, put);
  }

  async function turnTo(number) {
    const { page } = board;
    if (number < 0 || number >= page.pages || number === (wanted ?? page.number)) return;
    wanted = number;
    await openPage(page.path, number);
    if (wanted === number) wanted = null;
  }

  const turnBy = (by) => turnTo((wanted ?? board.page.number) + by);

  /** Goes on with what is highlighted alone, a margin round it; marks move along. */
  function crop() {
    const { page, shapes } = board;
    const highlighted = shapes.filter((shape) => shape.channel === "highlight");
    if (!highlighted.length) return board.complain(text.crop_needs);
    const [x0, y0, x1, y1] = boundsOf(highlighted);
    const margin = 20 + 0.1 * Math.max(x1 - x0, y1 - y0);
    const left = Math.floor(Math.max(x0 - margin, 0));
    const top = Math.floor(Math.max(y0 - margin, 0));
    const right = Math.ceil(Math.min(x1 + margin, page.width));
    const bottom = Math.ceil(Math.min(y1 + margin, page.height));
    const kept = shapes
      .map((shape) => movedShape(shape, -left, -top))
      .filter((shape) => meets(shape, { width: right - left, height: bottom - top }));
    const ask = () => server.crop([placeOf(page), left, top, right, bottom]);
    return open(ask, text.server_lost, () => kept);
  }

  /** Whatever is on its way is not wanted any more. */
  function forget() {
    attempts++;
    wanted = null;
    showBusy(false);
  }

  return { openPage, openFile, adopt, turnTo, turnBy, turn, straighten, crop, forget };
}
