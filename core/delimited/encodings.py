"""Infer the legacy encoding of a text: decode it by each one, and score the characters by how common they are.

Chinese, Japanese, Korean and Western bytes are nearly always valid in each other's encodings, so validity decides
little.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# The most frequent characters in headers and cells of tables.
SIMPLIFIED = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文"
    "无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很"
    "业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市物城价积格数量期编号称类型态性别龄址区县省镇"
    "村街路楼层房屋户室厅厨卫朝南总单均率比值额售销购买卖商品客店订付款金元利润收支税费票员工职岗薪资历验班级语英绩绿色红黄蓝白黑温度湿风速雨晴云阴雪站"
    "流压血患者诊断治疗药病院车排油耗马变速箱功电压流设备能源质重宽深厚周季早晚午昨今备注说明结果是否标准合计描述状渠库存货供应采运输途距离地铁深圳上海京广州"
    "杭苏宁成都武汉重庆张王李刘陈杨赵黄吴建筑装修精简年份播种人民币万元平米吨公斤千克米个台件次男女良优差及秀高初专科硕士博本科用户注册登录消费类别开盘收最低"
)
TRADITIONAL = frozenset(
    "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可里裡後小麼心多天而能好都然沒日於起還發成事只作當想看文"
    "無開手十用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己話兒者向情部正名定女問力機給等幾很"
    "業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山五太水萬市物城價積格數量期編號稱類型態性別齡址區縣省鎮"
    "村街路樓層房屋戶室廳廚衛朝南總單均率比值額售銷購買賣商品客店訂付款金元利潤收支稅費票員職崗薪資歷驗班級語英績綠色紅黃藍白黑溫度濕風速雨晴雲陰雪站"
    "流壓血患者診斷治療藥病院車排油耗馬變箱功設備能源質寬深厚周季早晚午昨今註說明結果是否標準合計描述狀通路庫存貨供應採運輸途距離捷運臺灣台北高雄桃園竹義"
    "鄉段巷弄坪數屋齡格局住宅公寓大廈華透天土地交易標的陳林黃張李王吳劉蔡楊建築裝潢年度種植人民幣萬元平米噸公斤克台件次男女良優差及秀初專科碩士博用戶註冊消費"
)
KANJI = frozenset(
    "日一国人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨"
    "価格面積都市道府県区町村番号商品数量単売上利益顧客合計平均率氏名性別齢給与住所電話付時刻温度湿度風速気降水地域階建築物件賃料専有部署役職学歴経験年収注文支払方法額"
    "備考車種排燃費馬力変速血圧糖値診断結果患者始終安値駅徒歩距離登録購入分類幅京阪横浜屋古札幌福岡神戸新宿渋谷田中鈴木佐藤高橋山本渡辺伊藤小林加吉村済無良可不明晴曇雪"
    "会社員業界型式機器点評定度化事全国内外発表現在使用期間開始終了予定実績目標達成回社名前姓代理店担当営業製造工場在庫仕入請求納品税込抜割引送料配達郵便銀行口座"
)
HANGUL = frozenset(
    "이가는다의에을를은기하고지사인로시리자어한대도해일수정서부나제전구아스과주보성장상원면그동명조고치여비소오공국경년선유당만재신라요들있음없남세개월분위무물계회용학"
    "실현적별번호격상품단도시면적름나날짜매출익객온습풍속씨반어학목코드종저거래량주문결제방법금액고차배연기마력파트층전용브랜드모델평점생산재배구값길너높울산부천주강초"
    "맑흐림김박최철희민등교육험병환혈압설비토양건축준예약역편항외접간우체입증료율총합계관리번"
)
KANA = frozenset(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC)))
IDEOGRAPH = r"[\u4e00-\u9fff\uac00-\ud7a3]"
PUNCTUATION = r"[\u3000-\u3002\u3008-\u3011\uff01-\uff5e℃㎡]"
SMALL_ACCENTED = "äöüßéèêëàâáãçñóòôõúùûíìîïåæøœ"
LARGE_ACCENTED = "ÄÖÜÉÈÀÁÂÎÇÑÓÔÕÚÍÅÆØÊ"
TYPOGRAPHIC = "€°²³£§–—’“”„«»…®©™µº½\xa0"
# Subtracted from the score of an encoding that is rare in the wild, and much like GBK.
PENALTIES = {"euc_jp": 0.08}

# Real text scores 0.4 points per byte and more in its own encoding, and less in all others.
PLAUSIBLE = 0.25
# How much text beyond ASCII is enough to infer the encoding.
SAMPLE_BYTES = 16 << 10
LONGEST_LINE = 1 << 20
# How certain an inference has to be: points ahead of the runner-up, points, and bytes that it is based on.
CLEAR_LEAD = 0.3
CLEAR_POINTS = 0.68
ENOUGH_BYTES = 8
# A word counts so often at most: the currency of each row is no evidence against the words of the header.
MOST_COUNTED = 3

Scorer = Callable[..., float]


@dataclass(frozen=True)
class InferredEncoding:
    """An inferred encoding; `alternative` is the next likeliest one, None where the inference is certain."""

    encoding: str
    alternative: str | None


def sample_beyond_ascii(path: Path) -> bytes:
    """Return the first lines that are not ASCII, `SAMPLE_BYTES` in all; long ones are cut."""
    sample = bytearray()
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(LONGEST_LINE), b""):
            if not line.isascii():
                first = re.search(rb"[\x80-\xff]", line)
                start = max(0, first.start() - 1) if first else 0
                sample += line[start : start + SAMPLE_BYTES - len(sample)] + b"\n"
                if len(sample) >= SAMPLE_BYTES:
                    break
    return bytes(sample)


def infer_encodings(sample: bytes, known: Collection[str] = ()) -> list[InferredEncoding]:
    """Return the encodings that a text beyond ASCII and Unicode may be in, the likeliest first; possibly none.

    Where they are in doubt, those come first in which the sample has most of the texts `known`.
    """
    scores = {encoding: _score(sample, encoding, scorer) for encoding, scorer in SCORERS.items()}
    first, second, *others = sorted(scores, key=lambda encoding: -scores[encoding])
    lead = scores[first] - scores[second]
    enough = sum(byte >= 0x80 for byte in sample) >= ENOUGH_BYTES
    clear = enough and lead >= CLEAR_LEAD and scores[first] >= CLEAR_POINTS
    order = [
        InferredEncoding(first, None if clear else second),
        *(InferredEncoding(encoding, first) for encoding in (second, *others)),
    ]
    found = [variant for inferred in order if scores[inferred.encoding] >= PLAUSIBLE for variant in _family(inferred)]
    texts = [] if clear else [text for text in known if not text.isascii()]
    if not texts:
        return found
    found.sort(key=lambda inferred: -_occurring(texts, sample, inferred.encoding))
    return [_settled(inferred, texts, sample) for inferred in found]


def _settled(inferred: InferredEncoding, texts: Collection[str], sample: bytes) -> InferredEncoding:
    """Return an inferred encoding, without its alternative where that has fewer of the texts in the sample."""
    alternative = inferred.alternative or inferred.encoding
    if _occurring(texts, sample, alternative) < _occurring(texts, sample, inferred.encoding):
        return InferredEncoding(inferred.encoding, None)
    return inferred


def _occurring(texts: Collection[str], sample: bytes, encoding: str) -> int:
    """Return how many of the texts the sample has in this encoding."""
    return sum(encoded in sample for text in texts if (encoded := text.encode(encoding, "ignore")))


def _family(inferred: InferredEncoding) -> list[InferredEncoding]:
    """Return the encoding and its variant: Big5 of Windows has the euro sign, that of Hong Kong more characters."""
    return (
        [InferredEncoding("cp950", inferred.alternative), inferred] if inferred.encoding == "big5hkscs" else [inferred]
    )


def _score(sample: bytes, encoding: str, scorer: Scorer) -> float:
    """Return the score for each byte that belongs to a character beyond ASCII."""
    text = sample.decode(encoding, errors="replace")
    words = Counter(re.findall(r"[A-Za-z]?[^\x00-\x7f]+[A-Za-z]?", text))
    counted = {word: min(count, MOST_COUNTED) for word, count in words.items()}
    total = sum(count * scorer(word, encoding) for word, count in counted.items())
    beyond_ascii = sum(
        count * len(re.sub(r"[\x00-\x7f]", "", word).encode(encoding, errors="replace"))
        for word, count in counted.items()
    )
    return total / max(1, beyond_ascii) - PENALTIES.get(encoding, 0)


def _east_asian(word: str, encoding: str, frequent: frozenset[str], frequent_lead_bytes: range) -> float:
    """Score a run of two-byte characters; `frequent_lead_bytes` are the lead bytes of the commoner half of them."""
    points = 0.0
    for character in re.sub(r"[\x00-\x7f]", "", word):
        code = character.encode(encoding, errors="replace")
        if character == "\ufffd":
            points -= 3
        elif character in frequent:
            points += 2
        elif re.match(PUNCTUATION, character):
            points += 1.2
        elif len(code) == 1:
            points -= 0.2
        elif not re.match(IDEOGRAPH, character):
            points -= 1
        else:
            # In EUC, characters outside of the national standard have a second byte below A1 and are rare.
            is_rare = code[0] not in frequent_lead_bytes or (code[1] < 0xA1 and encoding not in ("big5hkscs", "cp932"))
            points += -0.6 if is_rare else 1
    return points


def _western(word: str, encoding: str) -> float:
    """Score a run in Latin letters: those with accents stand alone or in pairs, and capitals begin words."""
    before, after = word[0].isascii(), word[-1].isascii()
    body = word[before : len(word) - after]
    points = -1.2 * max(0, len(body) - 2)
    for position, character in enumerate(body):
        is_capital = position == 0 and not before and character in LARGE_ACCENTED
        is_apostrophe = before and after and character in "’–"
        if character in SMALL_ACCENTED or is_capital or is_apostrophe:
            points += 1
        elif character in TYPOGRAPHIC:
            points += 0.6
        else:
            points -= 0.8
    return points


def _cyrillic(word: str, encoding: str) -> float:
    """Score a run in Cyrillic: frequent letters count, none of them beside a Latin one."""
    if word[0].isascii() or word[-1].isascii():
        return -float(len(word))
    points = 1.4 * sum(letter in "оеаинтсрвл" for letter in word)
    points += 0.2 * sum(letter in "бгджзйкмпуфхцчшщыьэюя" for letter in word)
    points += len(word) > 1 and word[0] in "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЭЮЯ"
    return points - sum(letter not in "абвгдежзийклмнопрстуфхцчшщыьэюя" for letter in word[1:])


SCORERS: dict[str, Scorer] = {
    "gb18030": partial(_east_asian, frequent=SIMPLIFIED, frequent_lead_bytes=range(0xB0, 0xD8)),
    "big5hkscs": partial(_east_asian, frequent=TRADITIONAL, frequent_lead_bytes=range(0xA4, 0xC7)),
    "cp932": partial(_east_asian, frequent=KANJI | KANA, frequent_lead_bytes=range(0x88, 0x98)),
    "cp1252": _western,
    "cp1251": _cyrillic,
    "cp949": partial(_east_asian, frequent=HANGUL, frequent_lead_bytes=range(0xB0, 0xC9)),
    "euc_jp": partial(_east_asian, frequent=KANJI | KANA, frequent_lead_bytes=range(0xB0, 0xD0)),
}
