"""Whether a part of the stack that runs does its work. One that neither answers nor computes hangs, and is killed."""

from dataclasses import dataclass

from infra.local.processes import Child

# How often the supervisor checks each part.
CHECK_SECONDS = 5.0
# After so many silent checks in a row `regatta status` tells of the part, and after so many still ones it is killed.
TOLD_AFTER, HANGS_AFTER = 2, 6
# What a part computes from one check to the next, in seconds of a processor, that has too much to do to answer.
COMPUTES_SECONDS = 0.05


@dataclass
class Silence:
    """How many checks in a row found a part silent, and how many of them found that it computed nothing either."""

    silent: int = 0
    still: int = 0
    _computed: float = 0.0

    @property
    def is_told(self) -> bool:
        """Return whether the part is silent for so long that people should know."""
        return self.silent >= TOLD_AFTER

    @property
    def hangs(self) -> bool:
        """Return whether the part will do nothing any more."""
        return self.still >= HANGS_AFTER

    def check(self, child: Child) -> None:
        """Check a part that runs."""
        if not child.is_silent():
            self.silent = self.still = 0
            return
        computed = child.processor_seconds()
        is_still = self.silent == 0 or computed - self._computed < COMPUTES_SECONDS
        self.silent, self.still = self.silent + 1, self.still + 1 if is_still else 0
        self._computed = computed
