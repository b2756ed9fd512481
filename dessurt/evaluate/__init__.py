"""Measuring a checkpoint on real and synthetic pages, beside Tesseract on the same crops."""
