"""Whole visits: several at once are not mixed, and none looks up another host."""

from __future__ import annotations

import numpy as np
from PIL import Image
from serving import serve
from watched import watching

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
            screen.wait_for(lambda s=screen: not s.running and s.answer)
        answers = [screen.answer for screen in screens]
    assert [answer.split(" ")[0] for answer in answers] == digests
    assert len(set(answers)) == 3
    assert [answer.count('"box"') for answer in answers] == [1, 1, 1]


def test_a_whole_visit_looks_up_no_other_host(open_screen, fake):
    fake.reset()
    fake.seconds = 0.01
    with watching(everywhere=True) as watch, serve(model=fake) as address:
        screen = open_screen(address)  # which must not call out either, as in all these tests
        screen.run_to_end()
        screen.tab.get_by_role("tab", name="Inspect").click()
        screen.wait_for(lambda: screen.tab.query_selector("#inspect dt") is not None)
    assert screen.answer == "one two three four five six"
    assert watch.hosts <= {"127.0.0.1", "localhost"}
