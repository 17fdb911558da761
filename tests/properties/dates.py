"""Random columns of dates, times of day and months, in the formats that the reader knows."""

from datetime import datetime, timedelta
from random import Random

from tests.properties.columns import Column, Value
from tests.properties.styles import Style

# By order of day, month and year; "any" has those that cannot be taken for another order.
DAYS = {
    "any": (
        *("%Y-%m-%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y年%-m月%-d日", "%Y. %-m. %-d."),
        *("%d %b %Y", "%d-%b-%Y", "%-d %B %Y", "%a, %d %b %Y", "%B %d, %Y", "%b %-d, %Y", "%A, %B %-d, %Y"),
        *("%d-%b-%y", "%-d-%b-%y", "%Y-%b-%d", "%d%b%Y"),
    ),
    "dmy": ("%d/%m/%Y", "%-d/%-m/%Y", "%d.%m.%Y", "%-d.%-m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y"),
    "mdy": ("%m/%d/%Y", "%-m/%-d/%Y", "%m-%d-%Y", "%m/%d/%y", "%-m/%-d/%y"),
    "ymd": ("%y/%m/%d", "%y-%m-%d", "%y.%m.%d"),
}
# By pattern the minutes that its zone is ahead of UTC.
CLOCKS = {
    **dict.fromkeys(
        ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%SZ", " %H:%M:%S UTC", " %I:%M %p", " %I:%M:%S %p"), 0
    ),
    **dict.fromkeys((" %H:%M:%S.%f", "T%H:%M:%S.%fZ", " %H:%M:%S+00", " %H:%M:%S GMT"), 0),
    **{" %H:%M:%S+02:00": 120, "T%H:%M:%S-0530": -330, " %H:%M:%S+01": 60, " %H:%M:%S EST": -300},
    **dict.fromkeys((" 上午%I:%M", " 下午%I:%M:%S", " %H时%M分", " %H时%M分%S秒"), 0),
}
MONTHS = (
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%b-%Y",
    "%B %Y",
    "%b %Y",
    "%Y年%-m月",
    "%Y-%b",
    "%b-%y",
    "%YQ{q}",
    "Q{q} %Y",
    "%Y-Q{q}",
    "%YH{h}",
)
OF_DAY = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%-I:%M %p", "%H时%M分", "%Hh%M")
# By language the names of months, and patterns that have them.
NAMES = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
SHORT = {
    "de": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
}
NAMED = {
    "de": ("{d}. {m} {y}", "{d}. {m} {y}", "{m} {y}"),
    "es": ("{d} de {m} de {y}", "{d} {m} {y}", "{m} {y}"),
    "pt": ("{d} de {m} de {y}", "{d} {m} {y}", "{m} {y}"),
}


def fits(pattern: str, style: Style) -> bool:
    """Return whether a file of this style can have dates in this pattern."""
    return style.can_write(pattern) and not (style.delimiter == " " and " " in pattern)


def moments(rng: Random, style: Style, *, is_recent: bool = False) -> list[datetime]:
    """Return random moments, in a few years or in many."""
    first = datetime(rng.randrange(1970, 2021) if is_recent else rng.randrange(1900, 2021), 1, 1)
    days = rng.choice([20, 400, 4000])
    return [first + timedelta(seconds=rng.randrange(days * 86400)) for _ in range(style.rows)]


def dates(rng: Random, style: Style) -> Column:
    """Return dates in one format, with times at random."""
    day = rng.choice([*DAYS["any"], *DAYS[style.dates], *DAYS[style.dates]])
    if not fits(day, style):
        day = "%Y-%m-%d"
    clock = rng.choice([clock for clock in ("", "", *CLOCKS) if fits(clock, style)])
    if "%y" in day or day.endswith(".") or day == "%d%b%Y":
        clock = ""
    texts, values = [], list[Value]()
    for any_moment in moments(rng, style, is_recent="%y" in day):
        moment = _cut(any_moment, clock)
        texts.append(moment.strftime(day + clock))
        values.append(moment - timedelta(minutes=CLOCKS[clock]))
    return Column("dates", texts, values, missing=("", "NA", "null", "-", "NaT"))


def dates_of_two_lengths(rng: Random, style: Style) -> Column:
    """Return timestamps that leave out what is zero: seconds, or the whole time at midnight."""
    long, short = rng.choice([(" %H:%M:%S", " %H:%M"), (" %H:%M:%S", ""), (" %H:%M", "")])
    day = rng.choice(["%Y-%m-%d", "%Y/%m/%d", *DAYS[style.dates][:2]])
    if "%y" in day or style.delimiter == " ":
        day, long, short = "%Y-%m-%d", "T%H:%M:%S", "T%H:%M"
    texts, values = [], list[Value]()
    for any_moment in moments(rng, style):
        is_short = rng.random() < 0.3
        moment = _cut(any_moment, short if is_short else long)
        texts.append(moment.strftime(day + (short if is_short else long)))
        values.append(moment)
    return Column("dates_of_two_lengths", texts, values, missing=("", "NA"))


def _cut(moment: datetime, clock: str) -> datetime:
    """Return the moment without what the pattern of its time leaves out."""
    if not clock:
        return datetime(moment.year, moment.month, moment.day)
    hour = moment.hour % 12 + 12 * ("下午" in clock) if "午" in clock else moment.hour
    return moment.replace(hour=hour, second=moment.second if "%S" in clock else 0)


def months(rng: Random, style: Style) -> Column:
    """Return months, quarters or halves of years."""
    pattern = rng.choice([pattern for pattern in MONTHS if fits(pattern, style)])
    texts, values = [], list[Value]()
    for moment in moments(rng, style, is_recent=True):
        step = 3 if "{q}" in pattern else 6 if "{h}" in pattern else 1
        first = (moment.month - 1) // step * step + 1
        full = pattern.replace("{q}", str(first // 3 + 1)).replace("{h}", str(first // 6 + 1))
        texts.append(moment.strftime(full))
        values.append(datetime(moment.year, first, 1))
    return Column("months", texts, values, missing=("", "NA"))


def named_dates(rng: Random, style: Style) -> Column:
    """Return dates with the names of months in another language."""
    language = rng.choice([*NAMES])
    names = rng.choice([NAMES, SHORT])[language].split()
    if not style.can_write("".join(names)):
        language, names = "nl", NAMES["nl"].split()
    pattern = rng.choice(NAMED.get(language, ("{d} {m} {y}", "{d} {m} {y}", "{m} {y}")))
    if style.delimiter == " ":
        pattern = "{d}-{m}-{y}"
    texts, values = [], list[Value]()
    for moment in moments(rng, style):
        texts.append(pattern.format(d=moment.day, m=names[moment.month - 1], y=moment.year))
        values.append(datetime(moment.year, moment.month, moment.day if "{d}" in pattern else 1))
    return Column("named_dates", texts, values, missing=("", "NA"))


def numeric_dates(rng: Random, style: Style) -> Column:
    """Return dates that are numbers, below a name that says so."""
    pattern = rng.choice(["%Y%m%d", "%Y%m", "serial"])
    texts, values = [], list[Value]()
    for moment in moments(rng, style, is_recent=True):
        day = datetime(moment.year, moment.month, 1 if pattern == "%Y%m" else moment.day)
        texts.append(str((day - datetime(1899, 12, 30)).days) if pattern == "serial" else day.strftime(pattern))
        values.append(day)
    return Column("numeric_dates", texts, values, said="date", missing=("", "NA"))


def times_of_day(rng: Random, style: Style) -> Column:
    """Return times of day, which are seconds since midnight."""
    pattern = rng.choice([pattern for pattern in OF_DAY if fits(pattern, style)])
    texts, values = [], list[Value]()
    for any_moment in moments(rng, style):
        moment = _cut(any_moment, pattern)
        if rng.random() < 0.02 and pattern == "%H:%M":
            texts.append("24:00")
            values.append(86400.0)
            continue
        texts.append(moment.strftime(pattern))
        values.append(float(moment.hour * 3600 + moment.minute * 60 + moment.second))
    return Column("times_of_day", texts, values, missing=("", "NA"))
