"""Open the app: `python app.py`, or on a Hugging Face Space, which runs this file too."""

try:
    import spaces  # on a Space that lends its GPU; it has to come before torch
except ImportError:
    spaces = None

from dessurt_app.launch import main

if __name__ == "__main__":
    main(lend=spaces and spaces.GPU)
