"""When a part of the stack that has ended is started again, and when the stack gives up."""

from dataclasses import dataclass, field

# A part that the stack cannot do without, and that ends so often within this time, would end again.
MOST_RESTARTS = 3
WINDOW_SECONDS = 60.0
# The pause before a part that the stack can do without is started again: none at first, then doubled each time.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0


@dataclass
class Restarts:
    """The ends of one part: when they were, and when it is to be started again. Times are seconds of one clock."""

    count: int = 0
    due: float | None = None
    _ends: list[float] = field(default_factory=list)

    def note_end(self, now: float) -> float:
        """Take note that the part has ended; return the pause until it is due, in seconds."""
        self._ends = [end for end in self._ends if now - end < WINDOW_SECONDS + LONGEST_PAUSE_SECONDS]
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (len(self._ends) - 1)) if self._ends else 0.0
        self._ends.append(now)
        self.due = now + pause
        return pause

    def note_start(self) -> None:
        """Take note that the part was started again."""
        self.due = None
        self.count += 1

    def is_hopeless(self, now: float) -> bool:
        """Return whether the part ended so often lately that another start would not help."""
        return sum(now - end < WINDOW_SECONDS for end in self._ends) > MOST_RESTARTS
