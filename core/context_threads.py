"""Threads beside the one that answers: in the context of their caller, with its deadline, or without any of it."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Thread
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Item = TypeVar("Item")


class ContextThreadPool(ThreadPoolExecutor):
    """A `ThreadPoolExecutor` that carries the context variables of each caller over into the thread."""

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Call `fn` in a thread, in a copy of the caller's context."""
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))


def run_in_threads(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    report_share: Callable[[float], object] = lambda share: None,
) -> list[Result]:
    """Call `work` with each item, in a copy of the caller's context; return what it returns, in order.

    The caller's own thread calls `report_share` after each, with the share of the items that are done. Where a call
    fails, or the report, its error is raised, and items whose calls have not begun are left out.
    """
    with ContextThreadPool(threads) as pool:
        calls = [pool.submit(work, item) for item in items]
        try:
            results = []
            for call in calls:
                results.append(call.result())
                report_share(len(results) / len(calls))
            return results
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def in_a_thread(work: Callable[[], object], name: str = "upkeep") -> None:
    """Do upkeep beside the answers, in no context. A process that ends meanwhile leaves the rest to another one."""
    Thread(target=work, name=name, daemon=True).start()


def begin_in_context(
    work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Future[Result]:
    """Call `work` in a thread of its own, in a copy of the caller's context. The process does not wait for its end."""
    future: Future[Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work, *args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="awaited", daemon=True).start()
    return future
