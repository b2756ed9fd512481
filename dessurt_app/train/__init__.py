"""Training on saved answers."""
