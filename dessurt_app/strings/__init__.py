"""All text that the app shows to people, in a file for each screen; what is of none stands here.

Other modules write `strings.NAME`, whichever file the name is in. A dictionary holds the
texts of one screen's template and scripts, under the names that they use.
"""
# ruff: noqa: F403

from dessurt_app.strings.ask import *
from dessurt_app.strings.canvas import *
from dessurt_app.strings.dataset import *
from dessurt_app.strings.inspect import *
from dessurt_app.strings.pile import *
from dessurt_app.strings.train import *

TITLE, BY = "Ask a page", "by Dessurt"

# The start, in the terminal.
STARTED = f"{TITLE}, {BY}: {{address}}"
STARTED_HERE = "On this computer also: {address}"
STARTED_PUBLIC = "Public link: {address}"
NO_PUBLIC_LINK = "No public link could be made: check the connection to the network."
LET_OTHERS_IN = (
    "To let others in, start it with --host 0.0.0.0 --auth USER:PASSWORD, or with --share for a "
    "public link."
)
LET_ONLY_SOME_IN = "Everyone who reaches it can ask: --auth USER:PASSWORD lets only some in."
HOW_TO_END = "Ctrl+C ends it."

# The screen.
ASK_TAB = "Ask"
INSPECT_TAB = "Inspect"
DATASET_TAB = "Dataset"

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
    "or start the app with --checkpoint and the path of one (the README says where to get one)."
)
NO_SUCH_CHECKPOINT = "there is no file or folder {path!r}: check the path"
CHECKPOINT_FAILED = "The checkpoint could not be loaded: {reason}"

# What is not let in (doors.py).
FOREIGN = "Another site may not use this app in your name: open it in its own tab."
NO_WEBSOCKETS = "This app has no websockets."
NO_SUCH_ADDRESS = "There is no such address."
OWN_MACHINE_ONLY = "This app is for its own machine: open it at 127.0.0.1 or localhost."
LOG_IN = "Log in first."
WRONG_PASSWORDS = "Too many wrong passwords: try again in {seconds:.0f} seconds."
BODY_TOO_LONG = "A request has at most {megabytes} MB."
BODY_TOO_MUCH = "A request has too many values: draw fewer marks, or simpler ones."
