"""The names of months and weekdays in the languages whose dates are read, and the number of a month."""

ENGLISH = "january february march april may june july august september october november december"
# Of each language the names, then what dates abbreviate or decline them to; a name of several words is left out.
_LANGUAGES = (
    *(ENGLISH, "jan feb mar apr may jun jul aug sep oct nov dec", "- - - - - - - - sept - - -"),
    # German, Austrian, Swiss
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz - - - - - - okt - dez",
    "- - mär - mai - - - - - - -",
    "- - mrz - - - - - - - - -",
    # French
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "- fevrier - - - - - aout - - - decembre",
    "- fév - - - - jui aou - - - -",
    "- fevr - - - - juill - - - - -",
    # Spanish
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago setiembre oct nov dic",
    # Portuguese
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "- fev marco abr mai jun jul ago set out nov dez",
    # Italian
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    # Dutch
    "januari februari maart april mei juni juli augustus september oktober november december",
    "- - mrt - - - - - - okt - -",
    # Swedish, Danish, Norwegian
    "- - - - maj - - augusti - - - desember",
    "- - marts - - - - - - - - des",
    # Polish
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sty lut - kwi - cze lip sie wrz paź lis gru",
    # Russian
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "- февр - - - - - - сент - нояб -",
    # Turkish
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "oca şub - nis - haz tem ağu eyl eki kas ara",
)
# By name in lower case, 1 to 12. A name has the same number in all of these languages that have it.
NUMBERS = {name: number for names in _LANGUAGES for number, name in enumerate(names.split(), start=1) if name != "-"}
# How long the names are.
SHORTEST, LONGEST = 3, 12
# The characters of the names, for Python's `re` and RE2 alike.
LETTER = "A-Za-zÀ-ÖØ-öø-ſА-Яа-яЁё"
# The beginnings of weekdays, in any case.
WEEKDAYS = (
    "mon|tue|wed|thu|fri|sat|sun|die|di|mit|mi|don|do|fr|sam|sa|son|so|mo|lun|mar|mer|jeu|ven|dim|mi[éÉ]|jue|vie|"
    "s[aáÁ]b|dom|gio|maa|ma|din|woe|wo|vri|vr|zat|za|zon|zo|seg|ter|qua|qui|sex"
)


def month_number(name: str) -> int | None:
    """Return 1 to 12 for the name of a month in any case, or its abbreviation without a dot; None for another word."""
    return NUMBERS.get(name.lower())
