"""What must never be printed is replaced by ***: phones, ids, accounts, addresses, cards, keys.

Order numbers, amounts, dates, versions, model numbers and error codes stay: a number counts as private by its own
shape (a mobile number, an id with a valid check digit) or by the word before it ("微信:", "卡号"), never by its length
alone. Masking a masked text changes nothing.

In each rule the last group that takes part is hidden; a rule without groups hides its whole match.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.patterns import Patterns

STARS = "***"


def mask(text: str) -> str:
    """The text with everything private replaced by ***."""
    for k in _PATTERNS.possible(text):  # stars can begin or complete nothing that a rule hides
        pattern, hide = _RULES[k]
        text = pattern.sub(hide, text)
    return text


def is_private(text: str) -> bool:
    """Does the text hold anything that `mask` would hide?"""
    return mask(text) != text


def _hide(match: re.Match[str]) -> str:
    group = max((i for i in range(1, match.re.groups + 1) if match.group(i) is not None), default=0)
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    whole = match.group()
    return whole[:start] + STARS + whole[end:]


# What stands before a number tells what it is -----------------------------------------------------------------------
_ORDER = re.compile(
    r"(订单|单号|运单|快递|流水|编号|工单|发票|货号|型号|批号|条码|案号|order|invoice|tracking|ticket|serial|sku|isbn)[^\d]{0,8}$", re.I
)
_CARD = re.compile(r"(卡号?|账[号户]|帐[号户]|[工建农中招]行|打到|转到|card|account|acct|visa)[^\d]{0,8}$", re.I)
_VENUE = re.compile(r"(活动|会场|会议|集合|上课|考场|场馆|门店|店铺|办公|公司|线下)[^,，。;；\n]{0,6}$")


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 16) : match.start()]


def _hide_number(match: re.Match[str]) -> str:
    return match.group() if _ORDER.search(_before(match)) else _hide(match)


def _hide_citizen_id(match: re.Match[str]) -> str:
    """The 18 digits of a Chinese identity card, when the check digit fits."""
    number = re.sub(r"\s", "", match.group()).upper()
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(number[:17], weights, strict=True)) % 11]
    return STARS if check == number[17] and not _ORDER.search(_before(match)) else match.group()


def _hide_card(match: re.Match[str]) -> str:
    """15 to 19 digits after a word for an account, or with a valid check digit and nothing that says order."""
    digits = re.sub(r"\D", "", match.group())
    if not 15 <= len(digits) <= 19 or _ORDER.search(_before(match)):
        return match.group()
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    valid = digits[0] in "3456" and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
    return STARS if valid or _CARD.search(_before(match)) else match.group()


def _hide_home(match: re.Match[str]) -> str:
    return match.group() if _VENUE.search(_before(match) + match.group(1)) else _hide(match)


_CODE = re.compile(
    r"(none|null|true|false|str|string|int|bool|os\.|env|process\.|settings|config|self\.|input|getpass)\b|[$<{(\[*%\u3000-\uffff]", re.I
)


def _hide_value(match: re.Match[str]) -> str:
    """A value after "password:" and the like, unless it is a variable, a type or a placeholder."""
    value = match.group(match.re.groups)
    return match.group() if _CODE.match(value) or set(value) <= set("x.-_*") else _hide(match)


def _hide_token(match: re.Match[str]) -> str:
    """A value after "token:": only with letters and digits mixed, so that "max_tokens: 4096" stays."""
    value = match.group(match.re.groups)
    return _hide_value(match) if re.search(r"\d", value) and re.search(r"[A-Za-z]", value) else match.group()


# The rules, in the order in which they are applied --------------------------------------------------------------------
_IS = r"[\"']?\s*(?:[:：=]|是|为|is\b)\s*[\"']?"  # between a name and its value
_SHARED_CODE = r"(?<!提取)(?<!解压)(?<!会议)(?<!入会)"  # codes that are given to the group on purpose
_PASSWORD = rf"(?:(?<![A-Za-z])(?:password|passwd|passcode|pwd|passphrase)|{_SHARED_CODE}(?:密码|口令))"
_KEY_NAME = (
    r"(?:(?<![A-Za-z])(?:(?:api|access|private|license|secret)[_ -]?key(?:[_ -]?(?:id|secret))?"
    r"|(?:app|client)?[_ -]?secret|(?:auth[_ -]?)?token)|密钥|令牌)"
)
_SECRET_PARAMETER = (
    r"(?:(?:access_?|auth_?)?token|api_?key|appkey|key|secret|sig|sign|signature|password|passwd|pwd|session_?id|sid|ticket|auth)"
)

_KEYS = [
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", _hide),
    (r"\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])?[A-Za-z0-9_-]{16,}", _hide),
    (r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{30,}", _hide),
    (r"\b(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{12,}|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bpypi-[\w-]{30,}", _hide),
    (r"\bxox[abprs]-[\w-]{10,}|\beyJ[\w-]{10,}\.[\w-]{6,}(?:\.[\w-]*)?|\b\d{8,10}:[A-Za-z0-9_-]{30,}", _hide),
    (r"hooks\.slack\.com/services/([\w/]+)|discord(?:app)?\.com/api/webhooks/([\w/-]+)", _hide),
    (r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/([\w-]+)", _hide),
    (r"\b[a-z][a-z0-9+.-]*://([^\s/@:]+:[^\s/@]+)(?=@)", _hide),
    (rf"[?&#;]{_SECRET_PARAMETER}=([^&#\s]{{6,}})", _hide),
    (r"\bBearer\s+((?=\S*\d)[\w.~+/-]{8,}=*)", _hide),
    (rf"(?:{_PASSWORD}=[\"']?|{_SHARED_CODE}(?:密码|口令){_IS})([!-~]{{4,}})", _hide_value),
    (rf"{_PASSWORD}{_IS}((?=[!-~]*[\d!#$%^&*@_])[!-~]{{4,}})", _hide_value),
    (rf"{_PASSWORD}\s*((?=[!-~]*\d)(?=[!-~]*[A-Za-z])[!-~]{{6,}})", _hide_value),
    (rf"{_KEY_NAME}{_IS}([\w.+/=-]{{8,}})", _hide_token),
    (r"(?:验证码|校验码|动态码|verification code|one.?time code|\botp\b)[^\d\n]{0,6}(\d{4,8})(?!\d)", _hide),
    (r"(?:门禁|大门|单元门|密码锁|保险柜)密码[^\dA-Za-z\n]{0,4}([\d#*]{4,8})", _hide),
    (r"\b(?:gate|door|alarm|lock)\s?(?:code|combination|pin)\W{1,3}(?:is\s)?([\d#*]{4,8})", _hide),
]  # fmt: skip

_MAILS = [
    (r"(?<![\w.+-])(?!git@)[a-z0-9][\w.+-]{0,63}\s?(?:@|＠|\(at\)|\[at\]|（at）)\s?(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![\w@])", _hide),
]

_IDS = [
    (r"(?<!\d)[1-8]\d{5}\s?(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?\d{3}[\dx](?![\da-z])", _hide_citizen_id),
    (r"(?:身份证|证件)[^\d\n]{0,6}(?:后[四六八468]位|尾号)?[^\d\n]{0,4}(\d{3,17}[\dx])(?!\d)", _hide),
    (r"(?:护照|通行证|passport)[^\da-z\n]{0,4}(?:no\.?|number|号码?)?[^\da-z\n]{0,4}([a-z]{1,2}\d{7,8})(?![\da-z])", _hide),
    (r"(?:[社医]保(?:卡?号?)|学号|工号|准考证号?|驾驶证号?|驾照)\s*(?:号码)?[:：是为]?\s*([a-z]?\d{6,17}[\dx])(?!\d)", _hide),
    (r"\b(?:ssn|social security)[^\d\n]{0,12}(\d{3}-?\d{2}-?\d{4})(?!\d)", _hide),
]

_CARDS = [
    (r"(?-i:\b[A-Z]{2}\d{2}(?: ?[A-Z]{4})?(?: ?\d{4}){2,6}(?: ?\d{1,3})?\b)", _hide_number),
    (r"(?<![\d.])\d{4}(?:[ -]?\d{4}){2,3}(?:[ -]?\d{1,3})?(?![\d.])", _hide_card),
    (r"(?:卡号|银行卡号?|银行账号|sort code|account(?: no\.?| number)?)[^\d\n]{0,4}(\d[\d -]{5,24}\d)(?!\d)", _hide),
    (r"卡[^\d\n]{0,2}尾号[^\d\n]{0,3}(\d{4})(?!\d)", _hide),
]

_SPELLED = "零〇一幺二三四五六七八九壹贰叁肆伍陆柒捌玖"
_PHONES = [
    (r"(?<![\w.])(?:\+?\s?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}[ -]?\d{4}|[ -]?[\dx*]{4}[ -]?\d{4})(?![\d.]*\d)", _hide_number),
    (r"(?<![\w.])(?:1[3-9]\d{5} \d{4}|1[3-9]\d{3}[ -]\d{6}|1[3-9]\d{2}[ -]\d{3}[ -]\d{4})(?![\d.]*\d)", _hide_number),
    (r"(?<![\w.])1[3-9]\d\.\d{4}\.\d{4}(?![\d.]*\d)", _hide_number),
    (r"[1１][3-9３-９][0-9０-９]{9}(?![0-9０-９])(?<=[０-９])", _hide),
    (rf"[一幺壹][三四五六七八九叁肆伍陆柒捌玖][{_SPELLED}]{{9}}", _hide),
    (r"(?<![\w.-])(?:\(0\d{2,3}\) ?|0\d{2,3}[ -])(?:\d{7,8}|\d{4} \d{4})(?:-\d{1,5})?(?![\d-])", _hide_number),
    (r"(?<![\w.-])[48]00[ -]\d{3,4}[ -]\d{3,4}(?![\d-])", _hide_number),
    (r"(?<![\w.])\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}(?!\d)", _hide_number),
    (r"(?<![\w.-])(?:\(\d{3}\) ?\d{3}-\d{4}|\d{3}[-.]\d{3}[-.]\d{4}|07\d{3} ?\d{3} ?\d{3})(?![\d-])", _hide_number),
    (
        r"(?:电话|手机|座机|\btel|\bphone|\bmobile)(?:号码?)?\s*(?:[:：是]|is)?\s*"
        r"((?!\d{4}[-/.]\d)\d(?:[ -]?\d){6,12}(?:[,、/;和]\d{7,8})*)(?![\d.]*\d)",
        _hide,
    ),
]  # fmt: skip

_WECHAT = r"(?:微信|薇信|威信|维信|微❤|wechat|(?<![a-z])(?:vx|wx|v信))(?:号|\s?id)?"
_HANDLE = r"[a-z][\w-]{5,19}"  # WeChat ids begin with a letter and have six to twenty characters
_MARKED = r"(?=[\w-]*[\d_-])[a-z][\w-]{5,19}"  # the same with a digit or a hyphen: hardly a word
_ACCOUNTS = [
    (r"\bwxid_[a-z0-9]{6,}", _hide),
    (rf"{_WECHAT}\s*(?:[:：=➕]|是|为|is\b)\s*({_HANDLE}|\d{{6,11}})(?![\w.:(-])", _hide_value),
    (rf"{_WECHAT}\s*({_MARKED})(?![\w.(-])", _hide),
    (rf"(?<![a-z0-9_-])v\s?[:：]\s?({_MARKED})(?![\w.(-])", _hide),
    (r"(?<![a-z0-9_-])v ((?=[a-z_-]*\d)[a-z][\w-]{5,19})(?![\w.(-])", _hide),
    (rf"(?:[加+➕]\s?(?:微信?|薇|vx?|wx)|加\s?[我她他]\s?(?:微信?|薇|vx?|wx)?)\s?[:：]?\s?({_MARKED})(?![\w.(/=-])", _hide),
    (r"加\s?((?=[\w-]*\d{4})[a-z][\w-]{5,19})(?![\w.(/=-])", _hide),
    (r"(?:(?<![a-z])qq|扣扣|企鹅)(?:号|群号?|交流群)?\s*[:：是为加]?\s*(\d{6,12})(?![\d.])", _hide),
    (r"(?:加群|进群|群号|加\s?q|(?<![a-z])q\s?[:：])\s*[:：是加]?\s*(\d{6,12})(?!\d)", _hide),
    (r"(?:telegram|(?<![a-z])tg|line id|skype|instagram)\s*(?:号|id)?\s*[:：@是]\s*@?([a-z][\w.-]{4,30})", _hide_value),
]  # fmt: skip

_ROAD = r"(?:路|街|大道|巷|弄|胡同|里|村|苑|园|区|花园|公寓|府|庭|城)"
_UNIT = r"(?:号楼|号|栋|幢|座|单元|室|户|弄|楼)"
_NAME = r"[\u4e00-\u9fffA-Za-z0-9]"
_STREET = r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Way|Place|Terrace|Gardens|Crescent|Square|Boulevard|Blvd)"
_HOUSE = rf"\d+[A-Za-z]? (?:[A-Z][\w'.-]+ ){{1,3}}{_STREET}\b\.?"
_AREA = r"(?:,? (?:Flat|Apt\.?|Unit|#) ?\w+)?(?:,? (?:[A-Z][a-z]+ ?){1,3})?(?:,? (?:[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2}|[A-Z]{2} \d{5}))"
_HOMES = [
    (
        rf"((?:我家|家住|住在?|住址|收货|收件|邮寄|寄到|寄给|寄至|快递到|送到|地址)[^\n。;；]{{0,8}}?[:：是在到]?\s*)"
        rf"({_NAME}{{2,24}}?{_ROAD}{_NAME}{{0,6}}? ?\d+ ?{_UNIT}(?: ?{_NAME}{{0,3}}?\d+ ?{_UNIT}?)*)",
        _hide_home,
    ),
    (
        rf"{_NAME}{{2,24}}? ?\d+ ?(?:号楼|栋|幢|号|弄|座) ?(?:\d+ ?(?:号楼|号|栋|幢|座))? ?"
        r"(?:[一二三四五六\d]+ ?单元)? ?\d{3,4} ?[室户]",
        _hide,
    ),
    (rf"{_NAME}{{2,24}}? ?\d+ ?(?:号楼|栋|幢) ?[一二三四五六\d]+ ?单元 ?\d{{2,4}}", _hide),
    (rf"(?-i:(?:Flat|Apt\.?|Apartment|Unit) \w+,? {_HOUSE})", _hide),
    (rf"(?-i:\b{_HOUSE}{_AREA})", _hide),
    (rf"(?:live at|living at|address is|address:|ship to|(?:send|post|deliver|bring) it to) ((?-i:{_HOUSE}))", _hide),
]  # fmt: skip

_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(pattern, re.IGNORECASE | re.ASCII), hide)
    for pattern, hide in [*_KEYS, *_MAILS, *_IDS, *_CARDS, *_PHONES, *_ACCOUNTS, *_HOMES]
]
_PATTERNS = Patterns([pattern for pattern, _ in _RULES])
