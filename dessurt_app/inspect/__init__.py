"""What the model sees of a page."""
