"""Measuring while training: questions that are really answered, about fonts never trained on."""

from __future__ import annotations

from dessurt.checkpoint import Checkpoint
from dessurt.evaluate.asking import all_of, measure_all
from dessurt.evaluate.measures import MEASURES, Result
from dessurt.evaluate.synthetic import pages
from dessurt.instrument import DessurtInstrument

PAGES = 6
QUESTIONS = 12  # of each task; training waits meanwhile


def check(checkpoint: Checkpoint, seed: int) -> dict[str, float]:
    """The figure of every measured task that the checkpoint's card names, e.g. `w0> CER`.

    Args:
        checkpoint: what is asked.
        seed: the same one, the same pages and questions.

    Raises:
        SetError: none of the fonts kept for validation is installed.
    """
    model = DessurtInstrument(checkpoint)
    measures = [MEASURES[token] for token in model.card.tasks if token in MEASURES]
    results = {measure.name: Result(measure) for measure in measures}
    measure_all(model, all_of(list(pages(PAGES, seed)), measures, seed, QUESTIONS), PAGES, results)
    return {
        f"{name} {result.ours.figure.name}": result.ours.value
        for name, result in results.items()
        if result.ours.value is not None
    }
