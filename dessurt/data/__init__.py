"""Data sets and what is done to their pages before the model sees them."""
