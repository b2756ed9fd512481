"""All text that the app shows to people."""

TITLE = "Dessurt"
TAGLINE = "reads a page where you point"

# The buttons that zoom a picture, in canvas/zoom_buttons.html.
ZOOM = {
    "zoom_in": "Zoom in",
    "zoom_in_hint": "Zoom in (+, Ctrl+wheel)",
    "zoom_out": "Zoom out",
    "zoom_out_hint": "Zoom out (-, Ctrl+wheel)",
}

# The canvas. The names are those of the placeholders in canvas/page_canvas.html and of the
# sentences that canvas/page_canvas.js says.
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
    "turn_left": "Turn the page to the left",
    "turn_right": "Turn the page to the right",
    "offer_left": "Turn left",
    "offer_right": "Turn right",
    "offer_half": "Turn by 180°",
    "straighten": "Straighten",
    "straighten_hint": "Straighten the page: by its angle, or a photograph by the four corners of "
    "the sheet",
    "straighten_how": "Drag the corners to those of the sheet, or set the angle of the lines.",
    "straighten_do": "Straighten",
    "angle": "Angle",
    "cancel": "Cancel",
    "crop": "Crop to the highlight",
    "crop_hint": "Crop to the highlight: small text gets larger for the model",
    "unlock": "Open with this password",
    "password": "Password",
    "close": "Close the page",
    "help": "Keys",
    "help_hint": "Keys (?)",
    "help_close": "Close the list of keys",
    "help_intro": "Letters work while the page has the focus: click it, or go there with Tab.",
    "empty": "Open a page: drop an image or a PDF here, paste one, or pick an example below.",
    **ZOOM,
    "lie": "How the page lies",
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
    "not_upright": "The text on this page does not seem to stand upright.",
    "is_photo": "This seems to be a photograph of a page.",
    "laid_out": "Page laid out anew, marks: {n}",
    "sheet_seen": "The corners of a sheet were found: 1 to 4 choose one, arrows move it, Enter "
    "straightens, Escape leaves the page as it is",
    "sheet_unseen": "The lines run down to the right by {angle} degrees: Enter straightens, Escape "
    "leaves the page as it is",
    "corner_chosen": "Corner {at} of 4 chosen: arrows move it",
    "lines_looking": "Looking for lines…",
    "lines_none": "No lines of text were found on this page: draw a box instead.",
    "lines_failed": "The lines of this page could not be looked for: draw a box instead.",
    "crop_needs": "Nothing is highlighted: highlight first what the page is to be cropped to.",
    "only_first": "{name} was opened; {n} more were not: open one file at a time.",
    "no_file": "That is no file: save the page as an image or PDF first, then drop it here.",
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
        ("1 to 4, arrows, Enter", "While straightening: choose a corner, move it, straighten"),
        ("Ctrl+Z, Ctrl+Shift+Z", "Undo, redo: marks, pages, crops, turns (also Ctrl+Y)"),
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
    "done": "Done",
    "save": "Save",
    "save_hint": "Keep this answer, with the page and its marks, in your data set",
    "saved": "Saved",
    "undo": "Undo",
    "undo_hint": "Take back what was saved",
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
    "other_page": "This is the answer to another page. Go back there to correct or save it.",
    "other_turn": "The page has been turned since this answer. Undo that to correct or save it.",
    "other_marks": "This is the answer to other marks. Undo the change to correct or save it.",
    "other_question": "This is the answer to another question. Choose that again to correct or "
    "save it.",
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

# Saving.
SAVED = "Saved to ‘{store}’"
KEPT = "Your own answer in ‘{store}’ was kept"
UNDONE = "Undone"
NOT_UNDONE = "It has been changed since, so nothing was undone."
NOT_SAVED = "Not saved: {reason}"
SAVED_INSTEAD = "Saved to ‘{store}’ in place of ‘{before}’"
NOT_THE_LAST = "Not saved: this session asked something else since. Press Run again."
NOTHING_TO_SAVE = "There is no answer to save: press Run first."
ROW_LOADED = "From ‘{store}’. Press Run to ask again."
BAD_CALL = "This call is not one of the app's own: reload the screen."
DATA_NOT_SHARED = (
    "Others can reach this app, and would see all saved answers: leave --data-dir out, or allow it "
    "with --shared-data."
)

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
# The data set. Names as for the canvas.
DATASET = {
    "import_files": "Import…",
    "import_hint": "Add what is in a zip file, or in JSON files and images",
    "import_folder": "Import folder…",
    "folder_hint": "Add what is in a folder: an export of this app, or a data set of the original",
    "stop": "Stop",
    "stop_hint": "End the import; of the file that is being read, nothing is kept",
    "export": "Export…",
    "export_hint": "Get everything as a zip file, split for training",
    "show": "Show",
    "confidence": "Confidence up to",
    "confidence_hint": "Show only answers of which the model was at most so sure",
    "rows": "Saved answers. J and K go on and back, Enter accepts, E edits, X skips, O opens",
    "actions": "What to do with the answer",
    "accept": "Accept",
    "accept_hint": "The answer is right (Enter)",
    "edit": "Edit",
    "edit_hint": "Correct the answer (E, or double click); Enter saves, Esc leaves it as it was",
    "skip": "Skip",
    "skip_hint": "Leave this out of training (X)",
    "open": "Open in Ask",
    "open_hint": "Back to the page and its marks (O)",
    "undo": "Undo",
    "undo_hint": "Take back what was done last (U)",
    "parts": "Parts of the list",
    "back": "Rows before",
    "on": "Next rows",
    "export_title": "Export",
    "export_what": "A zip file with train, valid and test, each with its images and a qa.json. All "
    "answers of a page are in the same part; the same seed gives the same parts.",
    "seed": "Seed of the split",
    "checked_only": "Only answers that somebody has checked",
    "cancel": "Cancel",
    "close": "Close",
    "write": "Export",
    "errors_title": "Not imported",
    # Said by the script:
    "all": "all",
    "new": "new",
    "corrected": "corrected",
    "accepted": "accepted",
    "skipped": "skipped",
    "state_count": "{state} ({n})",
    "answer_count": ("{n} answer", "{n} answers"),
    "page_count": ("{n} page", "{n} pages"),
    "keys": "J and K go on and back, or the arrow keys.",
    "stretch": "{first}–{last} of {of}",
    "task": "{task} {name}",
    "task_with_text": "{task} {name}: {text}",
    "percent": "{percent} %",
    "model": "Model:",
    "blank": "nothing",
    "place": "the marked place",
    "editor": "Correct the answer",
    "editor_several": "Correct the answers, one a line",
    "done": "Done",
    "changed": "This answer has been changed in the meantime, to “{answer}”. Enter puts yours in "
    "its place, Esc leaves it.",
    "changed_row": "This answer has been changed in the meantime: here it is as it is now.",
    "did_accept": "Accepted",
    "did_skip": "Skipped",
    "did_correct": "Corrected",
    "undone": "Undone",
    "not_undone": "It has been changed since, so nothing was undone.",
    "nothing_saved": "Nothing is saved yet.\nOn Ask, press Save beside an answer, or import a data "
    "set here.",
    "nothing_found": "No answer fits: show all, or move the slider to the right.",
    "server_lost": "The app does not answer: try again in a moment.",
    # How far an import is:
    "importing": "Importing…",
    "sending": "Sending file {done} of {of}…",
    "reading": "{done} answers read…",
    "adding": "Adding {done} of {of}…",
    "writing": "Writing…",
    "stopping": "Stopping…",
    "upload_failed": "Could not send {name} to the app: it may be larger than 64 MB. Unpack a zip "
    "file and import its folder.",
    "imported": "{added} answers imported",
    "imported_none": "Nothing was imported",
    "imported_some": "{added} answers imported, {there} were here already",
    "stopped": "Stopped: nothing was imported",
    "stopped_some": "Stopped: {added} answers were imported before that",
    "more_errors": "and {n} more",
    "exported": ("1 answer written to {name}", "{n} answers written to {name}"),
}
TOO_MANY_IMPORTS = "Many people are importing: try again in a moment."
IMPORT_UNKNOWN = (
    "The app was started anew during the import: look whether its answers are here, or import them "
    "again, which adds nothing twice."
)
IMPORT_FAILED = "The import ended with an error: the terminal of the app shows it."
# Training.
TRAIN_TAB = "Train"
TRAIN_INTRO = (
    "Make the checkpoint better on your own pages: it learns from the answers that you corrected "
    "or accepted, rehearses other pages meanwhile, and is measured on pages it did not see."
)
TRAIN_PRESETS = {"Quick, 2 min": 2.0, "Usual, 5 min": 5.0, "Thorough, 20 min": 20.0}
TRAIN_HOW_LONG = "How long"
TRAIN_START, TRAIN_STOP, TRAIN_RESUME = "Train", "Stop", "Go on"
TRAIN_KEEP, TRAIN_DROP = "Keep", "Drop"
TRAIN_DATA = "Your data"
TRAIN_ROWS = "Answers: {rows}, pages: {pages} ({states})"
TRAIN_UNSEEN = "Corrections since the last training: {n}"
TRAIN_LEARNED = "To learn from: {lines}, pages: {pages}"
TRAIN_VALIDATED = "To measure on: {lines}, other pages: {pages}"
TRAIN_TESTED = "Left aside, to test on: {lines}, pages: {pages}"
TRAIN_STARTS_FROM = "Starts from: {name}"
TRAIN_NOTHING = (
    "There is nothing to learn from yet: ask for a line with {tasks}, correct the answer and save "
    "it; about twenty make a difference."
)
TRAIN_FEW = "Answers to learn from: only {n}. With about twenty it gets much better."
TRAIN_NO_VALIDATION = (
    "All answers are on one page, so there is none to measure on: correct some on a second page."
)
TRAIN_NEW = "Not learned from, as nobody checked them: {n}. Accept or correct them under Dataset."
TRAIN_OTHER_TASKS = "Not learned from, as they are of other tasks than {tasks}: {n}."
TRAIN_NOT_INSTALLED = (
    "What training needs is not installed: run .venv/bin/pip install -e '.[train]' and start the "
    "app again."
)
TRAIN_OTHER_MODEL = (
    "This checkpoint sees whole pages or is no folder: choose dessurt-small at the top right, or "
    "train it with `dessurt train`."
)
TRAIN_NO_RUN = "There is no training run: start one."
TRAIN_GOES_ON = "A training run goes on: stop it first."
TRAIN_NOTHING_KEPT = "This run has not come to anything that could be kept: let it go on."
TRAIN_STATES = {
    "running": "Training: {spent} of {minutes} minutes",
    "stopping": "Stopping after this step…",
    "stopped": "Stopped after {spent} of {minutes} minutes",
    "done": "Done",
    "failed": "It ended with an error: {told}",
    "kept": "Kept as {told}: choose it at the top right.",
}
TRAIN_BEGINS = "Reading your pages and measuring the checkpoint as it is…"
TRAIN_COMMAND = "The same on the command line"
TRAIN_LOSS = "Loss"
TRAIN_LOSS_PARTS = ("your pages", "other pages", "validation pages")
TRAIN_LOSS_SAID = "The loss over the steps; on validation pages now {value}"
TRAIN_ANSWERS = "What it answers now, on validation pages"
TRAIN_RIGHT = "right"
TRAIN_TABLE = "Characters wrong"
TRAIN_COLUMNS = ("", "before", "after")
TRAIN_MINE, TRAIN_OTHERS = "your validation pages, {task}", "other pages, {task}"
TRAIN_SHARE = (
    "{percent} % of the way from the checkpoint that it began with: further, other pages would be "
    "read worse."
)
TRAIN_KEPT_TOAST = "{name} is in the list of checkpoints at the top right"
ASK_TAB = "Ask"
INSPECT_TAB = "Inspect"
DATASET_TAB = "Dataset"
PART = "Part"  # for programs
INSPECT_LOADING = "The weights are still loading."
TENSOR, TENSOR_VALUE = "Tensor", "2 × {height} × {width}, float32"
SCALE, SCALE_VALUE = "Scale", "{scale:.3g} model pixels to a page pixel"
PADDING = "Padding"
PADDING_VALUE = "left {left}, top {top}, right {right}, bottom {bottom}, black"
WINDOW = "Window"
WINDOW_VALUE = "page x {x0} to {x1}, y {y0} to {y1}; white outside the page"
TILT = "Tilt of the text"
TILT_VALUE = "{angle:+.1f}°, made level for the model"
TEXT_SIZE = "Marked text"
TEXT_SIZE_VALUE = "about {height} (ascender to descender)"
TEXT_SIZE_UNKNOWN = "nothing is marked"
NO_LINE = "There is no line {number}: choose one from 1 to {lines}."

# The line under the page.
PAGE_SIZE = "{width} × {height} px"
SEES_WINDOW = "model sees {width} × {height} px round the marks"
SEES_PAGE = "model sees the page at {width} × {height} px"
SEES_LINES = "model sees {lines} lines, each by itself"
MARKED_TEXT = "text {height}"
TEXT_HEIGHT = "{page} px tall on the page, {model} to the model"
HEIGHTS = "{low}–{high}"
TOO_SMALL = "too small to read well"
TOO_SMALL_IN_WINDOW = "too small to read well: mark less at once"
TOO_SMALL_ON_PAGE = "too small to read well: scan at 200 dpi or more, or photograph it closer up"
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
TOO_MANY_QUESTIONS = "Three questions of yours wait already: ask again when one is answered."
BUSY = "Many people are opening pages: try again in a moment."
NO_PASSWORD = "Type the password of this PDF in, or open another file."
NO_BOX = "There is nothing to cut out: give the four numbers x0, y0, x1, y1 in page pixels."
