"""The workspaces take turns, however many jobs one has."""

from core.jobs.turns import Turns


def order(turns: Turns, jobs: list[tuple[str, str]]) -> list[str]:
    """Take jobs until none waits; return their ids."""
    left, taken = list(jobs), []
    while job := turns.choose(left):
        turns.took(job[0])
        left.remove(job)
        taken.append(job[1])
    return taken


def test_the_first_job_of_a_workspace_waits_for_one_of_another_at_most() -> None:
    many = [("acme", f"a{place}") for place in range(100)]
    assert order(Turns(), [*many, ("other", "b0")])[:2] == ["a0", "b0"]


def test_workspaces_take_turns_and_each_has_its_jobs_in_order() -> None:
    jobs = [("a", "a0"), ("a", "a1"), ("a", "a2"), ("b", "b0"), ("c", "c0"), ("b", "b1")]
    assert order(Turns(), jobs) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_who_comes_back_is_behind_those_who_waited() -> None:
    turns = Turns()
    for workspace in "abc":
        turns.took(workspace)
    assert turns.choose([("c", "c1"), ("a", "a1"), ("b", "b1")]) == ("a", "a1")
    turns.took("a")
    assert turns.choose([("a", "a2"), ("c", "c1")]) == ("c", "c1")


def test_nothing_waits() -> None:
    assert Turns().choose([]) is None
