"""Configs, keys and schedules of the original research code."""
