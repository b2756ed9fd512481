"""The page and what a person marks on it."""
