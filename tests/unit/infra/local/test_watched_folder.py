"""The watched folder: which files go, when, and under which key."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.storage.s3.object_store import ObjectStore
from infra.cli import terminal
from infra.local import watched_folder
from infra.local.watched_folder import Report, Watcher
from tests.support.simulated_time import SimulatedTime
from tests.support.storage import BUCKET
from tests.support.waiting import wait_for

BODY = b"a,b\n1,2\n"


class Looks(threading.Event):
    """The event that stops a watcher, which counts how often the watcher waited for it: once a look."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.count += 1
        return super().wait(timeout)


class Watched:
    """A folder that is watched, and what has arrived in the bucket. Its files settle as the test moves the clock."""

    def __init__(self, folder: Path, bucket: ObjectStore, clock: SimulatedTime) -> None:
        self.folder, self.bucket, self.clock = folder, bucket, clock
        self.complaints: list[str] = []
        self.report: Report = self.complaints.append
        self.start()

    def start(self) -> None:
        self.stopping = Looks()
        self.watcher = Watcher(self.folder, self.bucket.client, BUCKET, self.stopping, self.report)
        self.watcher.start()

    def stop(self) -> None:
        self.stopping.set()
        self.watcher.join(300)

    def save(self, name: str, body: bytes = BODY) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    def arrived(self) -> dict[str, bytes]:
        return {item.key.removeprefix("incoming/default/"): self.bucket.get(item.key) for item in self.bucket.list("")}

    def look(self) -> None:
        """Let the watcher look at the files as they are, and once more when they could have settled."""
        for _ in range(2):
            # The look that is under way may have begun before.
            seen = self.stopping.count
            wait_for(lambda: self.stopping.count, lambda count, seen=seen: count >= seen + 2)
            self.clock.elapse(watched_folder.SETTLED_SECONDS)

    def until(self, read: Callable[[], object]) -> None:
        """Wait while files settle."""
        wait_for(lambda: self.look() or read())

    def wait_for(self, *names: str) -> None:
        self.until(lambda: set(self.arrived()) == set(names))


@pytest.fixture
def watched(bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watched_folder, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watched_folder, "time", clock := SimulatedTime())
    one = Watched(tmp_path / "incoming", bucket, clock)
    yield one
    one.stop()


def test_files_go_under_the_name_of_their_series_and_stay(watched: Watched) -> None:
    paths = [watched.save(name) for name in ("flats/a b+c%中文.csv", "flats/2026/03.csv", "房价/B.CSV")]
    watched.wait_for("flats/a b+c%中文.csv", "flats/2026/03.csv", "房价/B.csv")
    assert all(path.read_bytes() == BODY for path in paths)
    assert watched.complaints == []


def test_what_programs_keep_beside_a_file_stays(watched: Watched) -> None:
    for name in (".a.csv", "~$a.csv", "#a.csv#", "a.csv~", "a.csv.part", ".git/a.csv", "a.txt"):
        watched.save(f"flats/{name}")
    watched.save("flats/a.csv")
    watched.wait_for("flats/a.csv")


def test_a_file_that_grows_is_waited_for(watched: Watched) -> None:
    path = watched.save("flats/a.csv", b"")
    with path.open("ab") as file:
        for _ in range(3):
            file.write(BODY)
            file.flush()
            watched.look()
        watched.look()  # it stalls for longer than a file takes to settle, and is open still
        assert watched.arrived() == {}
        file.write(BODY)
    watched.wait_for("flats/a.csv")
    assert watched.arrived() == {"flats/a.csv": BODY * 4}


def test_a_file_that_is_replaced_at_once_goes_whole_and_again(watched: Watched) -> None:
    watched.save("flats/a.csv")
    watched.wait_for("flats/a.csv")
    other = watched.save("flats/.a.csv.new", BODY * 2)
    other.rename(watched.folder / "flats/a.csv")
    watched.until(lambda: watched.arrived() == {"flats/a.csv": BODY * 2})


def test_nothing_goes_twice_after_a_restart(watched: Watched, bucket: ObjectStore) -> None:
    path = watched.save("flats/a.csv")
    watched.wait_for("flats/a.csv")
    watched.stop()
    first = bucket.head("incoming/default/flats/a.csv").last_modified
    other = watched.save("flats/b.csv")
    watched.start()
    watched.wait_for("flats/a.csv", "flats/b.csv")
    assert bucket.head("incoming/default/flats/a.csv").last_modified == first
    assert path.exists()
    assert other.exists()


def test_a_file_of_no_series_is_left_alone_and_said_once(watched: Watched) -> None:
    watched.save("a.csv")
    watched.save(".hidden/b.csv")
    watched.save("-/c.csv")
    watched.save("flats/d.csv")
    watched.wait_for("flats/d.csv")
    watched.look()
    said = {complaint.partition(" is left alone")[0] for complaint in watched.complaints}
    assert said == {str(watched.folder / "a.csv"), str(watched.folder / "-" / "c.csv")}
    assert len(watched.complaints) == 2


def test_a_folder_of_any_name_ends_no_watcher(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.stop()
    watched.report = terminal.warn  # as `regatta up` shows it
    watched.start()
    odd = ("[/nope]", "\x1b[2J", "a\nb", "\udcff")
    for name in odd:
        watched.save(f"{name}/a.csv")
    watched.save("flats/b.csv")
    watched.wait_for("flats/b.csv")
    watched.look()
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == len(odd)
    assert all(line.isprintable() for line in shown)
    assert watched.watcher.is_alive()


def test_a_bucket_that_does_not_answer_is_asked_again(
    watched: Watched, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import EndpointConnectionError

    def down(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    with monkeypatch.context() as outage:
        outage.setattr(bucket.client, "head_object", down)
        watched.save("flats/a.csv")
        watched.until(lambda: watched.complaints)
        assert watched.arrived() == {}
    watched.wait_for("flats/a.csv")
    assert len(watched.complaints) == 1
