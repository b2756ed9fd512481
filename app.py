"""Open the app: `python app.py`, or on a Hugging Face Space, which runs this file too.

The package `spaces` is there on a Space that lends its GPU for each question.
"""

try:
    import spaces  # type: ignore[import-not-found]  # it has to come before torch
except ImportError:
    spaces = None

from dessurt_app.launch import main

if __name__ == "__main__":
    main(lend=spaces and spaces.GPU)
