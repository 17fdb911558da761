"""Overrule a decision about an arrival: train on it after all, or not any more."""

from core.errors import ConflictError, NoSuchJobError
from core.storage.series_repository import Arrival, Series
from core.storage.workspace import Workspace


def overrule(workspace: Workspace, name: str, job_id: str, *, learned: bool) -> Arrival:
    """Let challengers train on an arrival from the next one on, or not any more; the champion stays.

    One that contradicts how the series reads its files is trained on with the values of its own dataset. Raises
    `NoSuchSeriesError`, `NoSuchJobError`, and `ConflictError` for an arrival that cannot be trained on: refused,
    waiting, never read, the same bytes as another, or not readable by itself either.
    """
    workspace.series.get(name, fresh=True)

    def edit(series: Series) -> Series | None:
        arrival = series.arrival(job_id)
        if arrival is None:
            raise NoSuchJobError(
                f"No arrival of series {name!r} is {job_id!r}. GET /series/{name}/history lists what there is."
            )
        if arrival.learned == learned and not (arrival.state == "held" and not arrival.contradicted):
            return None
        return series.with_arrival(_let_in(series, arrival) if learned else _left_out(arrival))

    changed = workspace.series.change(name, edit).arrival(job_id)
    assert changed is not None
    return changed


def _let_in(series: Series, arrival: Arrival) -> Arrival:
    if arrival.state not in ("accepted", "held", "old"):
        raise ConflictError(f"The file cannot be learned from: {arrival.reason}")
    if arrival.takes_over:
        raise ConflictError(f"The file cannot be learned from: {arrival.reason}")
    if arrival.contradicts and not arrival.fits_by_itself:
        raise ConflictError(
            f"The file cannot be learned from: {arrival.reason} Read by itself its columns do not fit the model either."
        )
    if any(other.learned and other.sha256 == arrival.sha256 for other in series.arrivals):
        raise ConflictError("The same bytes are learned from already.")
    reason = f"{arrival.reason} Let in by hand."
    if arrival.state == "held":
        return arrival.let_in(reason)
    return arrival.model_copy(update={"learned": True, "reason": reason})


def _left_out(arrival: Arrival) -> Arrival:
    reason = f"{arrival.reason} Left out by hand."
    contradicted = arrival.contradicted or arrival.state == "held"
    update = {"learned": False, "contradicted": contradicted, "contradicts": [], "reason": reason}
    return arrival.model_copy(update=update)
