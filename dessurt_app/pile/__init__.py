"""Piles: many files at once, read in the background, corrected and taken home."""
