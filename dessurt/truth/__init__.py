"""Truth: what is known of a page, from its paragraphs down to single characters."""

from dessurt.truth.truth import (
    Annotated,
    Block,
    Entity,
    Line,
    Paragraph,
    Printed,
    Table,
    Truth,
    Word,
    mapped_truth,
)

__all__ = [
    "Annotated",
    "Block",
    "Entity",
    "Line",
    "Paragraph",
    "Printed",
    "Table",
    "Truth",
    "Word",
    "mapped_truth",
]
