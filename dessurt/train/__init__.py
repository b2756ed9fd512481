"""Training a small Dessurt from nothing on synthetic pages (needs the extra `train`)."""
