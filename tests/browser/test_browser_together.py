"""Several browsers at once: each gets the answer to its own page and its own marks."""

from __future__ import annotations

import numpy as np
from PIL import Image
from serving import serve

from benchmarks.speller import Speller
from dessurt.page import Page


def test_pages_marks_and_answers_are_not_mixed(open_screen, tmp_path):
    with serve(model=Speller(0.02)) as address:
        screens, digests = [], []
        for number in range(3):
            file = tmp_path / str(number) / "page.png"  # all of one name
            file.parent.mkdir()
            Image.fromarray(np.full((900, 700), 255 - number, np.uint8)).save(file)
            screen = open_screen(address)
            screen.open_file(file)
            screen.press("box")
            screen.drag((300, 100 + 50 * number), (400, 130 + 50 * number))
            screen.wait_for(lambda s=screen: s.needs == "Needs: ✓ highlight")
            screens.append(screen)
            digests.append(Page.open(file).digest)
        for screen in screens:
            screen.run()
        for screen in screens:
            screen.wait_for(lambda s=screen: not s.running and s.answer, seconds=60)
        answers = [screen.answer for screen in screens]
    assert [answer.split(" ")[0] for answer in answers] == digests
    assert len(set(answers)) == 3
    assert [answer.count('"box"') for answer in answers] == [1, 1, 1]
