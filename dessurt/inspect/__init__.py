"""What the model sees of a page, and later why it answers as it does."""
