"""All text that the app shows to people, in a file for each screen.

The rest of the app writes `strings.NAME`, whichever file the name is in. A dictionary holds the
texts of one screen's template and scripts, under the names that they use.
"""
# ruff: noqa: F403

from dessurt_app.strings.app import *
from dessurt_app.strings.ask import *
from dessurt_app.strings.canvas import *
from dessurt_app.strings.dataset import *
from dessurt_app.strings.inspect import *
from dessurt_app.strings.train import *
