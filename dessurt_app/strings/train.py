"""The tab Train."""

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
TRAIN_LEARNED = "Lines to learn from: {lines}, pages: {pages}"
TRAIN_VALIDATED = "Lines to measure on: {lines}, other pages: {pages}"
TRAIN_TESTED = "Lines set aside to test on: {lines}, pages: {pages}"
TRAIN_STARTS_FROM = "Starts from: {name}"
TRAIN_NOTHING = (
    "There is nothing to learn from yet: ask for a line with {tasks}, correct the answer and save "
    "it; about twenty make a difference."
)
TRAIN_FEW = "Lines to learn from: only {n}. With about twenty it gets much better."
TRAIN_NO_VALIDATION = (
    "All answers are on one page, so there is none to measure on: correct some on a second page."
)
TRAIN_ONE_PAGE = "Correct lines on more pages: {n} of your {lines} lines are on one page."
TRAIN_NEW = "Not learned from, as nobody checked them: {n}. Accept or correct them under Dataset."
TRAIN_OTHER_TASKS = "Not learned from, as they belong to tasks other than {tasks}: {n}."
TRAIN_NOT_INSTALLED = (
    "What training needs is not installed: run .venv/bin/pip install -e '.[train]' and start the "
    "app again."
)
TRAIN_OTHER_MODEL = (
    "This checkpoint sees whole pages or is not a folder: choose dessurt-small at the top right, "
    "or train it with `dessurt train`."
)
TRAIN_NO_RUN = "There is no training run: start one."
TRAIN_GOES_ON = "A training run is in progress: stop it first."
TRAIN_NOTHING_KEPT = "This run has not made anything to keep yet: let it go on."
TRAIN_STATES = {
    "stopping": "Stopping after this step…",
    "stopped": "Stopped after {spent} of {minutes} minutes",
    "done": "Done",
    "failed": "It ended with an error: {told}",
    "kept": "Kept as {told}: choose it at the top right.",
}
TRAIN_PHASES = {  # of a run that goes on
    "opening": "Opening your pages…",
    "before": "Measuring the checkpoint as it is…",
    "training": "Training…",
    "after": "Measuring what it has learned…",
}
TRAIN_LEFT = "Step {step}, {left} of {minutes} minutes left"
TRAIN_NO_STEP = {  # of a run that ended
    "stopped": "Stopped before its first step, so there is nothing to keep: go on, or drop it.",
    "done": (
        "It ended before its first step, so there is nothing to keep: drop it, and train for "
        "longer."
    ),
}
TRAIN_NOT_MEASURED = (
    "Stopped at step {step}, before anything was measured, so there is nothing to keep yet: go "
    "on, or drop it."
)
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
    "{percent} % of the way from the checkpoint that it began with: any further, and other pages "
    "would be read worse."
)
TRAIN_KEPT_TOAST = "{name} is in the list of checkpoints at the top right"
