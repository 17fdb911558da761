"""Fits in threads: what they return or raise, and no wait for one that is abandoned."""

import threading

from core.automl.fit_threads import FitThreads


def test_fits_end_in_any_order_with_what_they_return_or_raise() -> None:
    fits: FitThreads[str, int] = FitThreads()
    go = threading.Event()
    fits.start("late", lambda: go.wait() and 1)
    fits.start("wrong", lambda: 1 // 0)
    ((key, outcome),) = fits.wait(None)
    assert key == "wrong"
    assert isinstance(outcome, ZeroDivisionError)
    assert fits.running == ["late"]
    assert fits.wait(0.0) == []
    go.set()
    assert fits.wait(None) == [("late", 1)]
    fits.close()


def test_an_abandoned_fit_ends_at_its_next_step_and_counts_no_more() -> None:
    fits: FitThreads[str, int] = FitThreads()
    begun, thread = threading.Event(), list[threading.Thread]()

    def forever() -> int:
        thread.append(threading.current_thread())
        begun.set()
        while True:
            pass

    fits.start("forever", forever)
    begun.wait()
    fits.close()
    assert fits.running == []
    thread[0].join()


def test_a_thread_runs_one_fit_after_another() -> None:
    fits: FitThreads[int, int | None] = FitThreads()
    seen = set()
    for number in range(3):
        fits.start(number, lambda: threading.current_thread().ident)
        ((_, ident),) = fits.wait(None)
        seen.add(ident)
    fits.close()
    assert len(seen) == 1
