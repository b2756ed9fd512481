"""One at a time, in the order in which they came."""

from __future__ import annotations

import threading

import pytest

from dessurt_app.ask.asking import Turns


def test_places_count_who_is_ahead():
    turns = Turns()
    with turns.join() as first:
        with turns.join() as second, turns.join() as third:
            assert [place.wait(0) for place in (first, second, third)] == [0, 1, 2]
        with turns.join() as fourth:
            assert fourth.wait(0) == 1
    with turns.join() as fifth:
        assert fifth.wait(0) == 0


def test_who_gives_up_or_fails_leaves_the_line():
    turns = Turns()
    with pytest.raises(RuntimeError), turns.join():
        raise RuntimeError
    with turns.join() as next_one:
        assert next_one.wait(0) == 0


def test_all_get_their_turn_and_never_two_at_once():
    turns, inside, most, order = Turns(), 0, 0, []
    joined = [threading.Event() for _ in range(8)]

    def take(number: int) -> None:
        nonlocal inside, most
        with turns.join() as place:
            joined[number].set()
            while place.wait(10):
                pass
            inside += 1
            most = max(most, inside)
            order.append(number)
            inside -= 1

    with turns.join():
        threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
        for thread, event in zip(threads, joined, strict=True):
            thread.start()
            assert event.wait(10)
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))
    assert most == 1
