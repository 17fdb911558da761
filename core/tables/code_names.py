"""Whether the name of a column says that its values identify things: then "12K" is a seat, and no 12,000."""

import re

from core.tables.numbers_as_dates import words_of_name

_WORDS = {
    *("id", "ids", "code", "codes", "key", "sku", "tag", "ref", "reference", "label", "serial", "uuid"),
    *("seat", "room", "gate", "platform", "track", "bus", "route", "line", "flight", "exit", "bay", "shelf", "bin"),
    *("slot", "desk", "berth", "cabin", "locker", "apartment", "apt", "flat", "house", "building", "bldg", "block"),
    *("lot", "plot", "class", "grade", "section", "postcode", "zip", "plate", "position", "pos", "unit", "district"),
    *("kennung", "kennzeichen", "hausnummer", "hausnr", "sitz", "sitzplatz", "zimmer", "gleis", "linie", "klasse"),
    *("siège", "siege", "chambre", "salle", "porte", "ligne", "classe", "asiento", "habitación", "puerta", "clase"),
    *("código", "codigo", "codice", "classe", "aula", "postazione"),
}
_CHINESE = "编号|编码|代码|座位|座号|房号|房间|门牌|班级|单元|楼栋|楼号|型号|番号|座席|部屋"


def is_code_name(name: str) -> bool:
    """Return whether the name of a column says that its values identify things."""
    return bool(words_of_name(name) & _WORDS) or re.search(_CHINESE, name) is not None
