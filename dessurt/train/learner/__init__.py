"""The model while it learns, and whom it learns from."""
