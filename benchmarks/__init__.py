"""Measurements, printed beside a bound or another way; the product never imports them."""
