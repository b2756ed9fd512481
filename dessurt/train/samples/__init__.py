"""What the model learns from: pages, questions and windows, drawn with a seed."""
