"""The browser app: everything that knows Gradio. The model core is the package `dessurt`."""

import os

from dessurt_app.gradio_fixes import import_gradio, use_own_folder

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
use_own_folder()
import_gradio()
