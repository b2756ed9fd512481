"""Answers that are read line by line, round any instrument that reads lines."""
