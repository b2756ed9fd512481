"""Annotations: answers that people gave or checked, kept in a store, imported and exported."""

from dessurt.data.annotations.annotation import STATES, Annotation

__all__ = ["STATES", "Annotation"]
