"""Measuring a checkpoint on real and synthetic pages and data sets, beside Tesseract on pages."""
