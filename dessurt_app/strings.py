"""All text that the app shows to people."""

TITLE = "Dessurt"
TAGLINE = "reads a page where you point"

# The buttons that zoom a picture, in static/zoom_buttons.html.
ZOOM = {
    "zoom_in": "Zoom in",
    "zoom_in_hint": "Zoom in (+, Ctrl+wheel)",
    "zoom_out": "Zoom out",
    "zoom_out_hint": "Zoom out (-, Ctrl+wheel)",
}

# The canvas. The names are those of the placeholders in static/page_canvas.html and of the
# sentences that static/page_canvas.js says.
CANVAS = {
    "toolbar": "Tools for the page",
    "page": "Page. Up and down go over lines or marks, Enter marks a line; question mark for keys",
    "open": "Open…",
    "open_hint": "Open an image or a PDF; you can also drop it on the page or paste it",
    "channel": "What to mark",
    "highlight": "Highlight",
    "highlight_hint": "Point the model at something (H). Shift while drawing masks instead",
    "mask": "Mask",
    "mask_hint": "Hide something from the model (M). Shift while drawing highlights instead",
    "tool": "How to mark",
    "line": "Line",
    "line_hint": "Line (C): click a line of text, Shift+click marks all from the last one to it; "
    "drag for a box. Shift while dragging marks in the other way",
    "box": "Box",
    "box_hint": "Box (R): drag from corner to corner",
    "brush": "Brush",
    "brush_hint": "Brush (B): paint; [ and ] change the size",
    "lasso": "Lasso",
    "lasso_hint": "Lasso (L): draw round what to mark",
    "select": "Select",
    "select_hint": "Select a mark (E): click it, drag it, Del deletes it",
    "hand": "Move the page",
    "hand_hint": "Move the page (hold Space, or drag with the middle button)",
    "size": "Brush size",
    "size_hint": "Brush size ([ and ])",
    "history": "Change marks",
    "undo": "Undo",
    "undo_hint": "Undo (Ctrl+Z)",
    "redo": "Redo",
    "redo_hint": "Redo (Ctrl+Shift+Z)",
    "clear": "Clear all marks",
    "delete": "Delete mark",
    "delete_hint": "Delete the selected mark (Del)",
    "more": "More tools",
    "page_group": "The whole page",
    "crop": "Crop to the highlight",
    "crop_hint": "Crop to the highlight: small text gets larger for the model",
    "close": "Close the page",
    "help": "Keys",
    "help_hint": "Keys (?)",
    "help_close": "Close the list of keys",
    "help_intro": "Letters work while the page has the focus: click it, or go there with Tab.",
    "empty": "Open a page: drop an image or a PDF here, paste one, or pick an example below.",
    **ZOOM,
    "zoom": "Zoom",
    "zoom_full": "Show at 100% (0)",
    "fit": "Fit the page",
    "fit_hint": "Fit the page (F)",
    "region": "Region",
    "region_hint": "Show or hide what the model marked",
    "dismiss": "Close this message",
    "pages": "Pages of this file",
    "page_back": "Page before",
    "page_back_hint": "Page before (PgUp)",
    "page_on": "Next page",
    "page_on_hint": "Next page (PgDn)",
    # Said by the script:
    "page_number": "{n} / {of}",
    "page_title": "Page {n}",
    "added": "{channel} {kind} added, marks: {n}",
    "added_several": "{added} marks added, marks: {n}",
    "removed": "{channel} {kind} taken away, marks: {n}",
    "moved": "Mark moved",
    "selected": "{channel} {kind}, mark {at} of {n}, selected",
    "line_at": "Line {n} of {of}{marked}",
    "line_marked": ", marked",
    "key_box": "Arrows move the box, Shift and arrows size it, Enter adds it",
    "count": "Marks: {n}",
    "cleared": "All marks cleared",
    "opened": "Page {page} of {of} opened, marks: {n}",
    "closed": "Page closed",
    "crop_needs": "Nothing is highlighted: highlight first what the page is to be cropped to.",
    "not_restored": "Your page is not on the server any more: open it again, and its marks come "
    "back.",
    "server_lost": "The app does not answer. Your marks are kept: try again in a moment.",
    "upload_failed": "Could not send {name} to the app: it may be larger than 64 MB, or the app "
    "was closed. Try a smaller file, or start the app again.",
    # The list of keys, in this order.
    "help_rows": (
        ("C, R, B, L", "Line, box, brush, lasso"),
        ("H, M", "Highlight, mask"),
        ("Shift + drag", "Marks in the other way: mask instead of highlight, or the reverse"),
        ("Click, Shift + click", "Marks a line; all lines from the last one to this one"),
        ("↑ ↓, Enter", "Go over the lines; mark one (Shift + Enter: all from the last one)"),
        ("Arrows with box", "Place a box; Shift + arrows size it, Enter adds it, Esc drops it"),
        ("[ ]", "Brush size"),
        ("E, Del", "Select marks (also ↑ ↓) and move them by dragging; delete one"),
        ("Ctrl+Z, Ctrl+Shift+Z", "Undo, redo: marks, pages, crops (also Ctrl+Y)"),
        ("+ − 0 F", "Zoom in, zoom out, 100 %, fit"),
        ("Ctrl + wheel, two fingers", "Zoom"),
        ("Space + drag, wheel", "Move the page (also the middle button, two fingers)"),
        ("PgUp, PgDn", "Page before, next page"),
        ("I", "What the model sees, beside the page; I again goes back"),
        ("Ctrl+Enter", "Run, from anywhere"),
        ("Esc", "Drop the mark being drawn or the selection, else stop the model"),
        ("?", "This list"),
    ),
}

# The answer. Names as for the canvas.
ANSWER = {
    "run": "Run",
    "run_key": "Ctrl+↵",
    "stop": "Stop",
    "stop_key": "Esc",
    "resume": "Continue",
    "resume_hint": "Let the model go on from here",
    "answer": "Answer",
    "show_as": "Show the answer as",
    "as_text": "Text",
    "as_tree": "Tree",
    "as_list": "List",
    "copy": "Copy",
    "copied": "Copied",
    "edit": "Edit",
    "edit_hint": "Correct the answer (E, or double click); Enter saves, Esc leaves it as it was",
    "save": "Save",
    "editor": "Correct the answer",
    "edited": "edited",
    "restore": "Restore",
    "restore_hint": "Back to what the model wrote",
    "threshold": "Underline below",
    "threshold_hint": "How sure the model must be of a word: its confidence, not its accuracy",
    # Said by the script:
    "asking": "Asking…",
    "lost": "This question was not answered: see the message in the corner, then press Run again.",
    "server_gone": "The app does not answer any more. Page, marks and answer stay here: press Run "
    "when it is back.",
    "stopped_early": "Stopped before it began",
    "percent": "{percent} %",
    "unsure": "words to check: {n}",
    "sure_of": "{percent} % sure",
    "details": "{token}: {percent} % sure. Instead: {others}.",
    "not_accuracy": "Model confidence, not accuracy",
    "end": "end",
    "part": "part of a character",
    "repairs": "Repaired JSON:",
    "repair_added": "added {text}",
    "repair_removed": "left out {text}",
    "blank": "blank",
    "entries": "{n} entries",
    "one_entry": "1 entry",
}

TASK = "Task"
TEXT = "Text"
REGION = "Show where on the page"
LIMIT = "Longest answer (tokens)"
EXAMPLES = "Examples"
# The groups of dessurt.tasks that are shown, in the order of the list.
GROUPS = (
    "Read",
    "Questions",
    "Find",
    "Around",
    "Fill",
    "Forms",
    "Tables",
    "Entities",
    "Classify",
)
TASK_CHOICE = "{group} · {name}  {token}"
NOT_LEARNED = "{choice} (not learned)"

# The answer's status line.
EXAMPLE_LOADED = "Example loaded. Press Run."
RETRY_ON_CPU = "The GPU has not enough memory: going on without it, which is slower…"
OUT_OF_MEMORY = "There is not enough memory for this question: mark a smaller part of the page."
LOADING_WEIGHTS = "Loading the weights…"
READING_PAGE = "Reading the page…"
READING_LINE = "Reading line {line} of {lines}…"
COUNT = "{tokens} tokens"
COUNT_ONE = "1 token"
SPEED = "{count} · {speed:.0f} tok/s"
TOOK = "{progress} · {seconds:.1f} s"
CONFIDENCE = "{progress} · confidence {mean:.2f}"
AHEAD_ONE = "1 ahead of you"
AHEAD = "{people} ahead of you"
NOTHING_TO_CONTINUE = "This answer cannot be continued any more: press Run."
STOPPED = "Stopped after {count}"
STOPPED_AT_LIMIT = "Stopped at the limit of {count}"
REGION_FOUND = "the model marked {percent:.1f} % of the page"
REGION_EMPTY = "the model marked nothing above 0.50 (most: {most:.2f})"
FAILED = "The model failed on this question. The terminal in which the app runs tells more."

# What a task needs.
NEEDS = "Needs:"
NEEDS_NOTHING = "Needs: nothing but the page"
TASK_NOT_LEARNED = "Not learned: expect nonsense."
ASK_IN_WORDS = "Ask a question instead"
NEED_GIVEN, NEED_MISSING = "✓", "○"
MISSING = {
    "highlight": "This task needs a highlight. Click a line, or draw a box round it.",
    "mask": "This task needs a mask. Choose Mask and draw a box over the words to hide.",
    "text": "This task needs text. Type it into the field, for example “{example}”",
}

# Inspect. Names as for the canvas.
INSPECT = {
    "pictures": "What to look at",
    "picture": "The model's input. Arrow keys move over its pixels; + - zoom, F fit",
    "ink": "Input",
    "ink_hint": "Channel 0: the page as the model gets it; masked parts are mid-grey",
    "marks": "Marks",
    "marks_hint": "Channel 1: highlighted +1 yellow, masked -1 red, nothing 0 black",
    "both": "Overlay",
    "both_hint": "Both channels, one over the other",
    "region": "Region",
    "region_hint": "What the model marked: the whiter, the surer",
    "line": "Which line to look at: the model sees each by itself",
    "line_back": "Line before",
    "line_back_hint": "Line before (left arrow key)",
    "line_on": "Next line",
    "line_on_hint": "Next line (right arrow key)",
    **ZOOM,
    "zoom": "Zoom of the picture",
    "zoom_full": "One pixel of the model to one of the screen (0)",
    "fit": "Fit the picture",
    "fit_hint": "Fit the picture (F)",
    "probe_hint": "Point at the picture to read its values.",
    "threshold": "Marked above",
    "use": "Use as highlight",
    "use_hint": "Highlight a box round each part on the page",
    "save": "Save PNG",
    "save_hint": "Save what is marked as a black and white picture of the page's size",
    # Said by the script:
    "line_at": "Line {n} of {of}",
    "probe": "x {x}, y {y} (page {px}, {py}): input {ink}, marks {mark}",
    "probe_region": "x {x}, y {y}: {value}",
    "lost": "The picture could not be fetched: change a mark, or reload the screen.",
    "no_region": "No region yet: on Ask, tick “Show where on the page” and press Run.",
    "found": "{parts} parts, {percent} % of the page",
    "found_one": "1 part, {percent} % of the page",
    "found_none": "The model marked nothing above {threshold} (most: {most}).",
}
ASK_TAB = "Ask"
INSPECT_TAB = "Inspect"
PART = "Part"  # for programs
INSPECT_LOADING = "The weights are still loading."
TENSOR, TENSOR_VALUE = "Tensor", "2 × {height} × {width}, float32"
SCALE, SCALE_VALUE = "Scale", "{scale:.3g} model pixels to a page pixel"
PADDING = "Padding"
PADDING_VALUE = "left {left}, top {top}, right {right}, bottom {bottom}, black"
WINDOW = "Window"
WINDOW_VALUE = "page x {x0} to {x1}, y {y0} to {y1}; white outside the page"
TEXT_SIZE = "Marked text"
TEXT_SIZE_VALUE = "about {pixels:.0f} model pixels tall"
TEXT_SIZE_UNKNOWN = "nothing is marked"
NO_LINE = "There is no line {number}: choose one from 1 to {lines}."

# The line under the page.
PAGE_SIZE = "{width} × {height} px"
SEES_WINDOW = "model sees {width} × {height} px round the marks"
SEES_PAGE = "model sees the page at {width} × {height} px"
SEES_LINES = "model sees {lines} lines, each by itself"
TEXT_HEIGHT = "text about {pixels} px tall"
TEXT_TOO_SMALL = "text about {pixels} px tall, too small to read well"
HEIGHTS = "{low} to {high}"
CROP = "Crop to the marked area"

# The checkpoint.
MODEL_LOADING = "Loading {name}…"
MODEL_READY = "{name} · {device}"
CHECKPOINT = "Checkpoint"
LEARNED = "Has learned: {tasks}"
LICENCE = "Licence: {licence}"
MODEL_MISSING = "no checkpoint"
MODEL_FAILED = "{name} · not loaded"
NO_CHECKPOINT = (
    "There is no checkpoint yet: put one into the folder checkpoints/dessurt-small, "
    "or start the app with --checkpoint and the path of one (the README tells where to get it)."
)
CHECKPOINT_FAILED = "The checkpoint could not be loaded: {reason}"

# What is wrong with a page or with marks.
PAGE_GONE = "This page is not on the server any more: open it again."
PAGE_CHANGED = "The marks were drawn on a page of another size: open the page again."
NO_PAGE = "There is no page: open one or pick an example."
NO_ADDRESS = "Send the page itself, not its address: this app fetches nothing from other hosts."
NO_NUMBER = "The number of the page must be a whole number, 0 for the first: open the page again."
NO_BOX = "There is nothing to cut out: give the four numbers x0, y0, x1, y1 in page pixels."
