"""Saved answers: kept, looked through, imported and exported."""
