"""How one random file writes its cells: encoding, delimiter, marks in numbers, and the words of its language."""

from dataclasses import dataclass
from random import Random

from core.amounts import DecimalMark
from core.manifests import DateOrder

# By script: the encodings that write it, some words, and names for columns.
ENCODINGS = {
    "english": ("utf-8", "utf-8", "utf-8-sig", "utf-16", "ascii"),
    "german": ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"),
    "french": ("utf-8", "cp1252", "latin-1", "utf-16"),
    "russian": ("utf-8", "cp1251", "utf-16"),
    "chinese": ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"),
    "taiwanese": ("utf-8", "big5", "utf-16"),
    "japanese": ("utf-8", "shift_jis", "euc_jp", "utf-16"),
    "korean": ("utf-8", "euc_kr", "utf-16"),
}
WORDS = {
    "english": "red green blue north south Oslo Lima Boston detached terraced petrol diesel manual automatic",
    "german": "München Köln Größe süß weiß Straße Bäckerei Übung rot grün blau Zürich Düsseldorf Fußgänger",
    "french": "été hiver forêt château élève garçon rivière Genève vélo café marché théâtre hôtel mère",
    "russian": "Москва Казань красный зелёный синий квартира дом этаж улица город север восток новый старый",
    "chinese": "北京市 上海市 广州市 深圳市 红色 绿色 蓝色 住宅 商业 工业 学校 医院 朝阳 海淀",
    "taiwanese": "臺北市 高雄市 臺中市 紅色 綠色 藍色 住宅 商業 工業 學校 醫院 車站 飯店 公寓",
    "japanese": "東京 大阪 京都 赤い 緑の 青い 住宅 学校 病院 さくら カメラ テレビ りんご みかん",
    "korean": "서울 부산 대구 인천 빨강 초록 파랑 아파트 학교 병원 사과 바나나 자동차 기차",
}
NAMES = {
    "english": "price area city colour size height weight share score result level depth width speed",
    "german": "Höhe Größe Preis Fläche Straße Stückzahl Länge Gewicht Breite Menge Wärme Stärke",
    "french": "hauteur prix ville étage surface poids largeur été quantité région élévation densité",
    "russian": "цена площадь город этаж высота ширина вес доля скорость уровень глубина размер",
    "chinese": "价格 面积 城市 楼层 高度 宽度 重量 比例 速度 等级 深度 数量",
    "taiwanese": "價格 面積 城市 樓層 高度 寬度 重量 比例 速度 等級 深度 數量",
    "japanese": "価格 面積 都市 階数 高さ 幅 重さ 割合 速さ 等級 深さ 数量",
    "korean": "가격 면적 도시 층수 높이 너비 무게 비율 속도 등급 깊이 수량",
}
# Marks of thousands that go with a decimal mark.
GROUPS = {".": (",", ",", "'", " ", "\u00a0", "\u202f", "’"), ",": (".", ".", "'", " ", "\u00a0", "\u202f")}


@dataclass(frozen=True)
class Style:
    """How one file writes its cells. `dates` is the order of day, month and year: dmy, mdy or ymd."""

    script: str
    encoding: str
    delimiter: str
    decimal: DecimalMark
    group: str
    dates: DateOrder
    rows: int
    # Whether the encoding is sent with the file.
    is_encoding_said: bool = False

    @property
    def is_unicode(self) -> bool:
        """Return whether the encoding has all characters."""
        return self.encoding.startswith("utf")

    def can_write(self, text: str) -> bool:
        """Return whether the encoding has all characters of a text."""
        return _can_write(self.encoding, text)

    def words(self, rng: Random, count: int) -> list[str]:
        """Return some different words of the file's language."""
        return rng.sample(WORDS[self.script].split(), count)


def random_style(rng: Random) -> Style:
    """Return a random style."""
    script = rng.choice(["english", "english", *ENCODINGS])
    encoding = rng.choice(ENCODINGS[script])
    delimiter = rng.choice([*",;\t|" * 3, " "])
    decimal: DecimalMark = "," if delimiter != " " and rng.random() < (0.2 if delimiter == "," else 0.5) else "."
    orders: list[DateOrder] = ["dmy", "mdy", "ymd"]
    groups = [mark for mark in GROUPS[decimal] if _can_write(encoding, mark) and (delimiter != " " or mark in "'.,")]
    return Style(
        script=script,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        group=rng.choice(groups),
        dates=rng.choice(orders),
        rows=rng.randrange(210, 300) if rng.random() < 0.03 else rng.randrange(5, 36),
        is_encoding_said=not encoding.startswith(("utf", "ascii")) and rng.random() < 0.5,
    )


def _can_write(encoding: str, text: str) -> bool:
    """Return whether an encoding has all characters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
