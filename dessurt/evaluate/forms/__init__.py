"""Forms: how well entities, links and fields were read."""
