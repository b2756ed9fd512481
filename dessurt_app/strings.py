"""All text that the app shows to people."""

TITLE = "Dessurt"
TAGLINE = "reads a page where you point"

# The canvas. The names are those of the placeholders in static/page_canvas.html and of the
# sentences that static/page_canvas.js says.
CANVAS = {
    "toolbar": "Tools for the page",
    "page": "Page. Drag on it to mark; H highlight, M mask, R box, B brush, F fit, Ctrl+Z undo",
    "open": "Open…",
    "open_hint": "Open an image or a PDF; you can also drop it on the page or paste it",
    "channel": "What to mark",
    "highlight": "Highlight",
    "highlight_hint": "Point the model at something (H). Shift while drawing masks instead",
    "mask": "Mask",
    "mask_hint": "Hide something from the model (M). Shift while drawing highlights instead",
    "tool": "How to mark",
    "box": "Box",
    "box_hint": "Drag from corner to corner (R)",
    "brush": "Brush",
    "brush_hint": "Paint (B); [ and ] change the size",
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
    "zoom": "Zoom",
    "zoom_in": "Zoom in",
    "zoom_in_hint": "Zoom in (+, Ctrl+wheel)",
    "zoom_out": "Zoom out",
    "zoom_out_hint": "Zoom out (-, Ctrl+wheel)",
    "zoom_full": "Show at 100% (0)",
    "fit": "Fit the page",
    "fit_hint": "Fit the page (F)",
    "region": "Region",
    "region_hint": "Show or hide what the model marked",
    "dismiss": "Close this message",
    # Said by the script:
    "added": "{channel} {kind} added, marks: {n}",
    "count": "Marks: {n}",
    "cleared": "All marks cleared",
    "opened": "Page opened",
    "upload_failed": "Could not send {name} to the app: it may be larger than 64 MB, or the app "
    "was closed. Try a smaller file, or start the app again.",
}

# The answer. Names as for the canvas.
ANSWER = {
    "run": "Run",
    "run_key": "Ctrl+↵",
    "stop": "Stop",
    "stop_key": "Esc",
    "answer": "Answer",
    "copy": "Copy",
    "copied": "Copied",
    "asking": "Asking…",
    "lost": "This question was not answered: see the message in the corner, then press Run again.",
}

TASK = "Task"
TEXT = "Text"
REGION = "Also mark on the page what the model means"
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
LOADING_WEIGHTS = "Loading the weights…"
READING_PAGE = "Reading the page…"
COUNT = "{tokens} tokens"
COUNT_ONE = "1 token"
SPEED = "{count} · {speed:.0f} tok/s"
TOOK = "{progress} · {seconds:.1f} s"
STOPPED = "Stopped after {count}"
STOPPED_AT_LIMIT = "Stopped at the limit of {count}"
REGION_FOUND = "the model marked {percent:.1f} % of the page"
REGION_EMPTY = "the model marked nothing above 0.50 (most: {most:.2f})"
FAILED = "The model failed on this question. The terminal in which the app runs tells more."

# What a task needs.
NEEDS = "Needs:"
NEEDS_NOTHING = "Needs: nothing but the page"
NEED_GIVEN, NEED_MISSING = "✓", "○"
MISSING = {
    "highlight": "This task needs a highlight. Draw a box round a line.",
    "mask": "This task needs a mask. Choose Mask and draw a box over the words to hide.",
    "text": "This task needs text. Type it into the field, for example “{example}”",
}

# The line under the page.
PAGE_SIZE = "{width} × {height} px"
SEES_WINDOW = "model sees {width} × {height} px round the marks"
SEES_PAGE = "model sees the page at {width} × {height} px"
TEXT_HEIGHT = "text about {pixels:.0f} px tall"
TEXT_TOO_SMALL = "text about {pixels:.0f} px tall, too small to read well"

# The checkpoint.
MODEL_LOADING = "Loading {name}…"
MODEL_READY = "{name} · {device}"
MODEL_MISSING = "no checkpoint"
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
MORE_PAGES = "{name} has {pages} pages; this is the first."
