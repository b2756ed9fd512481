"""Measuring a checkpoint on real pages, beside Tesseract on the same crops."""
