"""When a part that has ended is started again, and when it is given up."""

from infra.local.restarts import LONGEST_PAUSE_SECONDS, MOST_RESTARTS, WINDOW_SECONDS, Restarts


def test_the_pauses_grow_and_have_an_end() -> None:
    restarts, now, pauses = Restarts(), 0.0, []
    for _ in range(10):
        pauses.append(restarts.note_end(now))
        now = restarts.due
        restarts.note_start()
    assert pauses[:5] == [0, 1, 2, 4, 8]
    assert max(pauses) <= LONGEST_PAUSE_SECONDS
    assert restarts.count == 10


def test_a_part_that_held_long_enough_is_started_at_once_again() -> None:
    restarts = Restarts()
    restarts.note_end(0.0)
    restarts.note_end(1.0)
    assert restarts.note_end(2 * (WINDOW_SECONDS + LONGEST_PAUSE_SECONDS)) == 0


def test_a_part_that_ends_again_and_again_within_a_minute_is_hopeless() -> None:
    restarts = Restarts()
    for second in range(MOST_RESTARTS):
        restarts.note_end(float(second))
    assert not restarts.is_hopeless(MOST_RESTARTS)
    restarts.note_end(float(MOST_RESTARTS))
    assert restarts.is_hopeless(MOST_RESTARTS)
    assert not restarts.is_hopeless(2 * WINDOW_SECONDS)
