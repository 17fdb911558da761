"""Whether a part of the stack that runs does its work. One that neither answers nor computes hangs, and is killed."""

from dataclasses import dataclass

from infra.local.processes import Child

# How often the supervisor looks.
LOOK_SECONDS = 5.0
# After so many silent checks in a row `regatta status` tells of the part, and after so many still ones it is killed.
TOLD_AFTER, HANGS_AFTER = 2, 6
# What a part computes from one look to the next, in seconds of a processor, that has too much to do to answer.
COMPUTES_SECONDS = 0.05


@dataclass
class Silence:
    """For how many looks in a row a part was silent, and for how many of them it computed nothing either."""

    looks: int = 0
    still: int = 0
    _computed: float = 0.0

    @property
    def is_told(self) -> bool:
        """Return whether the part is silent for so long that people should know."""
        return self.looks >= TOLD_AFTER

    @property
    def hangs(self) -> bool:
        """Return whether the part will do nothing any more."""
        return self.still >= HANGS_AFTER

    def look(self, child: Child) -> None:
        """Look at a part that runs."""
        if not child.is_silent():
            self.looks = self.still = 0
            return
        computed = child.processor_seconds()
        is_still = self.looks == 0 or computed - self._computed < COMPUTES_SECONDS
        self.looks, self.still = self.looks + 1, self.still + 1 if is_still else 0
        self._computed = computed
