"""The browser app: everything that knows Gradio. The model core is the package `dessurt`."""

import atexit
import os
import shutil
import tempfile

from dessurt_app.quick_start import import_gradio

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

# Gradio names files by their content and deletes at its end those it has used: of two apps with
# one folder, the first to end would take the other's pages away.
if "GRADIO_TEMP_DIR" not in os.environ:
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="dessurt-")
    atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

import_gradio()
