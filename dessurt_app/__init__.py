"""The browser app: everything that knows Gradio. The model core is the package `dessurt`."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
