"""The spellings of currencies, before and behind an amount, and the ISO 4217 codes that each may stand for."""

# ISO 4217, with a few codes of currencies that are no longer paid with and still stand in files.
_ISO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
CHF CHW CLF CLP CNH CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XCD XDR XOF XPD XPF XPT XSU XUA YER ZAR
ZMW ZWL ATS BEF BTC DEM ESP ETH FIM FRF GRD IEP ITL NLG PTE
"""
CODES = frozenset(_ISO.split())
DOLLARS = (
    "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD "
    "UYU XCD"
)
_OF_SIGNS = "NGN PHP CRC PYG GHS KZT AZN GEL MNT LAK BTC"
_SIGNS = {
    **dict.fromkeys(("$", "dollar", "dollars"), DOLLARS),
    **dict.fromkeys(("US$", "US $", "U$S", "USD$", "$US", "美元", "美金"), "USD"),
    **dict.fromkeys(("A$", "AU$", "AUD$", "澳元"), "AUD"),
    **dict.fromkeys(("CA$", "Can$", "CAD$", "加元"), "CAD"),
    "C$": "CAD NIO",
    "NZ$": "NZD",
    **dict.fromkeys(("S$", "SG$", "新元"), "SGD"),
    **dict.fromkeys(("HK$", "港元", "港币"), "HKD"),
    **dict.fromkeys(("NT$", "NTD", "TW$", "台币", "新台币"), "TWD"),
    **dict.fromkeys(("R$", "reais"), "BRL"),
    **dict.fromkeys(("MX$", "Mex$"), "MXN"),
    **{f"{letters}$": code for letters, code in (("AR", "ARS"), ("CL", "CLP"), ("COL", "COP"), ("J", "JMD"))},
    **{f"{letters}$": code for letters, code in (("TT", "TTD"), ("N", "NAD"), ("EC", "XCD"), ("RD", "DOP"))},
    **{f"{letters}$": code for letters, code in (("BZ", "BZD"), ("FJ", "FJD"), ("MOP", "MOP"), ("Bds", "BBD"))},
    **dict.fromkeys(("€", "Euro", "euro", "Euros", "euros", "欧元", "歐元"), "EUR"),
    **dict.fromkeys(("£", "￡", "GB£"), "GBP EGP GIP FKP SHP LBP SYP"),
    "英镑": "GBP",
    "E£": "EGP",
    **dict.fromkeys(("¥", "￥"), "CNY JPY CNH"),
    **dict.fromkeys(("元", "圆", "块"), "CNY TWD HKD"),
    **dict.fromkeys(("RMB", "CN¥", "人民币", "人民幣"), "CNY"),
    "圓": "TWD HKD CNY",
    **dict.fromkeys(("円", "日元", "日圓", "JP¥", "yen"), "JPY"),
    **dict.fromkeys(("₩", "원", "韩元"), "KRW KPW"),
    **dict.fromkeys(("₽", "руб", "руб.", "р.", "рублей", "卢布"), "RUB"),
    "₹": "INR",
    **dict.fromkeys(("Rs", "Rs.", "Re", "Re.", "rs", "rs.", "₨", "卢比"), "INR PKR LKR NPR MUR SCR"),
    **dict.fromkeys(("₺", "TL"), "TRY"),
    **dict.fromkeys(("₴", "грн", "грн."), "UAH"),
    **dict.fromkeys(("₫", "đ", "VNĐ"), "VND"),
    **dict.fromkeys(("฿", "泰铢", "Baht", "baht"), "THB"),
    **dict.fromkeys(("₪", "NIS"), "ILS"),
    **dict.fromkeys(("zł", "zl", "ZŁ", "Zł", "PLN zł"), "PLN"),
    **dict.fromkeys(("Kč", "Kc", "kč", "KČ"), "CZK"),
    "Ft": "HUF",
    **dict.fromkeys(("kr", "kr.", "Kr", "Kr.", "KR"), "SEK NOK DKK ISK"),
    **dict.fromkeys(("lei", "Lei", "LEI"), "RON MDL"),
    **dict.fromkeys(("лв", "лв.", "lv", "lv."), "BGN"),
    **dict.fromkeys(("дин", "дин.", "din", "din."), "RSD"),
    **dict.fromkeys(("Fr", "Fr.", "SFr", "SFr.", "sFr.", "fr."), "CHF"),
    "RM": "MYR",
    **dict.fromkeys(("Rp", "Rp."), "IDR"),
    **dict.fromkeys(("S/", "S/."), "PEN"),
    **dict.fromkeys(("Bs", "Bs.", "Bs.F"), "BOB VES VED"),
    **dict.fromkeys(("KSh", "Ksh", "KSh.", "Ksh.", "Kshs"), "KES"),
    **dict.fromkeys(("TSh", "Tsh"), "TZS"),
    **dict.fromkeys(("USh", "Ush"), "UGX"),
    **dict.fromkeys(("Dhs", "Dhs.", "Dh", "DH"), "AED MAD"),
    **dict.fromkeys(("SR", "ر.س"), "SAR"),
    "QR": "QAR",
    "B/.": "PAB",
    "Nu.": "BTN",
    **dict.fromkeys(("৳", "Tk", "Tk."), "BDT"),
    "Br": "ETB BYN",
    **dict.fromkeys(("FCFA", "F CFA", "CFA"), "XOF XAF"),
    "DM": "DEM",
    **dict(zip("₦₱₡₲₵₸₼₾₮₭₿", _OF_SIGNS.split(), strict=True)),
}
# Codes that are often written in lower case. Others, such as "all" and "top", are words.
_LOWER = "usd eur gbp cny rmb inr jpy chf aud cad sek nok dkk pln brl czk huf rub krw hkd sgd nzd mxn zar"

# By spelling the codes that it may stand for.
CURRENCIES: dict[str, frozenset[str]] = {
    **{code: frozenset([code]) for code in CODES},
    **{code: frozenset(["CNY" if code == "rmb" else code.upper()]) for code in _LOWER.split()},
    **{sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()},
}
