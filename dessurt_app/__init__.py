"""The browser app: everything that knows Gradio. The model core is the package `dessurt`."""

import os
import tempfile

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
if "GRADIO_TEMP_DIR" not in os.environ:
    # Pages that people open lie in a folder of this process alone: no other user of the computer
    # can look into it, no other app clears it away, and it goes when the app ends.
    _pages = tempfile.TemporaryDirectory(prefix="dessurt-")
    os.environ["GRADIO_TEMP_DIR"] = _pages.name
