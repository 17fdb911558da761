"""Whether digits with a letter behind them, such as 12K and 3B, identify things and are no amounts."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.amounts import Affix

# Fewer texts with fewer letters do not show it.
FEWEST_TEXTS = 8
FEWEST_LETTERS = 2
SHORT_WHOLE = "^[0-9]{1,2}$"
# Magnitudes of two digits are mostly round.
ROUND = 5


def have_one_letter(affixes: Sequence[Affix]) -> bool:
    """Return whether an affix is one letter of the alphabet, as in the seat 12K or the flat 32A."""
    return any(len(affix.unit) == 1 and affix.unit.isascii() and affix.unit.isalpha() for affix in affixes)


def look_like_codes(affixes: Sequence[Affix], whole: pa.Array, fractions: pa.Array) -> bool:
    """Return whether distinct texts have all one of several letters behind one or two digits that are not round.

    Of magnitudes, some would have a fraction or three digits. `whole` are the digits of the texts, and `fractions` what
    stands behind their decimal marks.
    """
    letters = {affix.letter for affix in affixes}
    if len(whole) < FEWEST_TEXTS or "" in letters or len(letters) < FEWEST_LETTERS:
        return False
    short = pc.and_(pc.match_substring_regex(whole, SHORT_WHOLE), pc.equal(fractions, ""))
    if not pc.all(short).as_py():
        return False
    return any(number > ROUND and number % ROUND for number in whole.cast(pa.int64()).to_pylist())
