"""The tab Ask: the question, the answer, its status and saving it."""

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
    "as_json": "JSON",
    "as_form": "Table",
    "as_tree": "Tree",
    "as_list": "List",
    "copy": "Copy",
    "copied": "Copied",
    "edit": "Edit",
    "edit_hint": "Correct the answer (E, or double-click); Enter saves, Esc leaves it as it was",
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
    "find": "Find in the answer",
    "find_hint": "Find in the answer (F3)",
    "previous": "Previous place",
    "previous_hint": "Previous place (Shift+F3)",
    "next": "Next place",
    "next_hint": "Next place (Enter or F3)",
    "close_find": "Close Find",
    "enlarge": "Enlarge the answer",
    "threshold": "Underline below",
    "threshold_hint": "How sure the model must be of a word: its confidence, not its accuracy",
    # Said by the script:
    "asking": "Asking…",
    "lost": "This question was not answered: see the message in the corner, then press Run again.",
    "server_gone": "The app is no longer responding. Page, marks and answer stay here: press Run "
    "when it is back.",
    "stopped_early": "Stopped before it began",
    "about_page": "This answer is about page {page}.",
    "about_file": "This answer is about {file}.",
    "about_page_of": "This answer is about page {page} of {file}.",
    "other_turn": "The page has been turned since this answer.",
    "other_marks": "The marks have changed since this answer.",
    "other_question": "The question has changed since this answer.",
    "cut_off": "Stopped when the page was left",
    "not_saved": "Not saved: the app does not answer. What you typed is still here.",
    "places": "{at} of {n} places",
    "one_place": "1 place",
    "no_place": "no place",
    "shrink": "Make the answer small again",
    # Lines of a page:
    "line_name": "Line {n}: {text}",
    "line_empty": "nothing read",
    "line_editor": "Line {n} of {of}: correct what was read",
    "line_keys": "Enter: right, and on · Tab: next unsure word · Esc: leave as it was",
    "line_corrected": "corrected",
    "line_accepted": "accepted",
    "instead": "Take {text} instead",
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
LIMIT = "Most tokens (0: no limit)"
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
RETRY_ON_CPU = "The GPU does not have enough memory: going on without it, which is slower…"
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
NOTHING_TO_CONTINUE = "This answer can no longer be continued: press Run."
STOPPED = "Stopped after {count}"
STOPPED_AT_LIMIT = "Stopped at the limit of {count}"
REGION_FOUND = "the model marked {percent:.1f} % of the page"
REGION_EMPTY = "the model marked nothing above 0.50 (highest: {most:.2f})"
FAILED = "The model failed on this question. The terminal in which the app runs says more."

# What a task needs.
NEEDS = "Needs:"
NEEDS_NOTHING = "Needs: nothing but the page"
TASK_NOT_LEARNED = "Not learned: expect nonsense."
QUESTION_EXAMPLE = "Ask for the value of a label on this page, for example: What is the date?"
ASK_IN_WORDS = "Ask about a field instead: “What is the total?”"
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
NOT_UNDONE = "The answer has changed since, so nothing was undone."
NOT_SAVED = "Not saved: {reason}"
SAVED_INSTEAD = "Saved to ‘{store}’ in place of ‘{before}’"
NOT_THE_LAST = "Not saved: something else has been asked since. Press Run again."
NOTHING_TO_SAVE = "There is no answer to save: press Run first."
ROW_LOADED = "From ‘{store}’. Press Run to ask again."
BAD_CALL = "The app cannot make sense of this request: reload the screen."
DATA_NOT_SHARED = (
    "Others can reach this app and would see all saved answers: leave out --data-dir, or add "
    "--shared-data to allow it."
)
