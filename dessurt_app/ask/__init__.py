"""Asking: the question, its turn, and the answer."""
