"""What a message is: the codes of WeChat, and the words that stand for what a text cannot hold."""

from __future__ import annotations

import re

from pipeline.model import Kind
from pipeline.text import urls

# The one word of a placeholder → kind. Exporters write it in [], 【】, <> or () and may put a name, a size or a text behind.
_WORDS: dict[str, Kind] = {
    word: kind
    for kind, words in {
        Kind.IMAGE: "图片 图片消息 圖片 照片 相片 image photo picture pic gif图片 imagem",
        Kind.STICKER: "动画表情 動畫表情 表情 表情包 表情消息 贴图 貼圖 sticker gif animated sticker 商城表情 大表情",
        Kind.VOICE: "语音 语音消息 語音 語音訊息 语音转文字 语音输入 音频 voice audio voice message voice message transcript ptt",
        Kind.VIDEO: "视频 视频消息 影片 視頻 短视频 小视频 video video note",
        Kind.FILE: "文件 文件消息 檔案 file document 附件",
        Kind.LINK: "链接 链接消息 連結 分享链接 卡片式链接 (分享)卡片式链接 图文消息 link 网页 分享 "
        "音乐 音乐分享 音乐消息 视频号 视频号直播卡片 直播 music",
        Kind.CARD: "小程序 小程序消息 小程序分享 qq小程序 名片 名片消息 个人名片 个人/公众号名片 推荐名片 公众号名片 "
        "企业微信名片 卡片 卡片消息 json消息 contact card mini program 收藏笔记 笔记",
        Kind.LOCATION: "位置 位置消息 位置分享 地理位置 实时位置 位置共享 定位 location live location",
        Kind.FORWARD: "聊天记录 聊天記錄 合并转发 合并转发消息 合并聊天记录 合并转发的聊天记录 聊天记录合并转发 转发消息 "
        "forward forwarded chat history merged forward",
        Kind.REDPACKET: "红包 微信红包 qq红包 紅包 红包卡片 口令红包 拼手气红包 red packet redpacket hongbao lucky money",
        Kind.TRANSFER: "转账 转账消息 转账卡片 发起转账 微信转账 轉帳 transfer",
        Kind.CALL: "语音通话 视频通话 音视频通话 视频/语音通话 通话 通话消息 语音聊天 群语音 群通话 call voice call video call missed call",
        Kind.POLL: "投票 群投票 poll vote",
        Kind.PAT: "拍一拍 戳一戳 pat poke nudge",
        Kind.RECALL: "撤回 撤回消息 recall",
        Kind.SYSTEM: "系统 系统消息 系统通知 system system message",
        Kind.TEXT: "接龙 群接龙 群公告 公告 引用 引用消息 引用回复 文本 文本消息 text",
        Kind.OTHER: "未知 消息 未知消息 未知类型 其他消息 不支持的消息 unknown unsupported message",
    }.items()
    for word in re.findall(
        r"voice message transcript|video note|voice message|video call|voice call|missed call|contact card|mini program|live location|"
        r"chat history|merged forward|red packet|lucky money|animated sticker|system message|unsupported message|\S+",
        words,
    )
}
_PLACEHOLDER = re.compile(r"^\s*[\[【<(（]\s*([^\]】>)）:：\n]{1,24}?)\s*(?:[:：]\s*([^\]】>)）\n]*))?\s*[\]】>)）][ \t]*", re.IGNORECASE)
# "[图片] local_id=12", "[语音 7]", "[语音] 34″": what may follow the word without being the sender's own text
_SIZE = re.compile(r"^(.*?)[\s_]*\d+(?:\.\d+)?\s*(?:″|''|\"|秒|s|kb|mb|条)?$", re.IGNORECASE)
# Faces are text ("[捂脸]"), and these kinds need nothing but their word; the others are kept as what they say.
_BARE = frozenset({Kind.IMAGE, Kind.STICKER, Kind.VOICE, Kind.VIDEO, Kind.OTHER, Kind.PAT})
_STRIP = re.compile(r"^\s*[\[【][^\]】\n]{1,24}[\]】][ \t]*\n?")
_RECALLED = re.compile(
    r"^\s*[\"“”「]?.{0,60}?[\"“”」]?\s*"
    r"(?:撤回了?(?:一条|了一條|1条)?(?:群?成员.{0,60})?(?:消息|訊息)|recalled a message|deleted a message)"
    r"[。.]?(?:\s*[(（].{0,12}[)）])?\s*(?:重新编辑)?$"
)
_PATTED = re.compile(r"^\s*[\"“]?.{1,60}?[\"”]?\s*(?:拍了拍|戳了戳|nudged|patted)\s*.{1,60}$")


def placeholder(text: str) -> tuple[Kind, str] | None:
    """(kind, what stands behind the word) when a text starts with a stand-in such as "[图片]" or "[文件] a.pdf"."""
    found = _PLACEHOLDER.match(text)
    if found is None:
        return None
    word = found[1].lower()
    kind = _WORDS.get(word)
    if kind is None and (sized := _SIZE.match(word)):
        kind = _WORDS.get(sized[1].strip())
    if kind is None:
        return None
    return kind, " ".join(part for part in ((found[2] or "").strip(), text[found.end() :].strip()) if part)


def kind_of_word(word: str) -> Kind:
    """The kind that an exporter names so ("图片消息"); OTHER for a word that is not known."""
    return _WORDS.get(word.strip().lower(), Kind.OTHER)


def strip_word(text: str) -> str:
    """The text behind an exporter's word: the transcript of "[语音消息] …", the title and URL of "[链接] …"."""
    rest = _STRIP.sub("", text, count=1)
    return rest if rest.strip() else text


_SHARED_FILE = re.compile(r"^\S+ (?:分享文件|上传文件|共享文件) (.+)$")
# nothing but faces: "[玫瑰][玫瑰]", ":table-flip:"
_FACES = re.compile(r"^\s*(?:(?:\[[^\[\]\s]{1,5}\]\s*){1,9}|:[a-z0-9_+-]{2,40}:)\s*$")
_FILE_SIZE = re.compile(r"[ (（]{0,4}[\d.]{1,12} ?(?:B|KB|MB|GB|K|M|G)\b.*$", re.IGNORECASE)


def read_placeholder(text: str) -> tuple[Kind, str | None, str | None, str | None]:
    """(kind, title, URL, file name) of a message of which only the text is known."""
    if shared := _SHARED_FILE.match(text):
        return Kind.FILE, None, None, shared[1].strip()
    found = placeholder(text) if text.lstrip()[:1] in ("[", "【", "<", "(", "（") else None
    if found is None:
        return (Kind.STICKER if len(text) <= 90 and _FACES.match(text) else Kind.TEXT), None, None, None
    kind, rest = found
    if kind is Kind.FILE:
        return kind, None, None, _FILE_SIZE.sub("", rest).strip() or rest or None
    if kind in (Kind.LINK, Kind.CARD, Kind.LOCATION, Kind.FORWARD, Kind.REDPACKET, Kind.POLL):
        links = urls(rest)
        title = rest.partition("\n")[0].replace(links[0], "").strip() if links else rest.partition("\n")[0].strip()
        return kind, title or None, links[0] if links else None, None
    return kind, None, None, None


def is_recall(text: str) -> bool:
    """A recall notice: "…撤回了一条消息"."""
    return len(text) < 120 and ("撤回" in text or "a message" in text) and bool(_RECALLED.match(text))


def is_pat(text: str) -> bool:
    """A pat: "A" 拍了拍 "B"."""
    return len(text) < 160 and bool(_PATTED.match(text))


_NOTICE = re.compile(
    r"(?:加入了?(?:本群|群聊|群)|退出了?(?:本群|群聊|群)|离开了?群聊|邀请.{1,80}(?:加入|进入)|移出了?(?:本群|群聊)|被.{0,30}(?:移出|禁言)|修改群(?:名|公告|昵称|名片)|"
    r"(?:成为|转让给).{0,30}(?:群主|管理员)|(?:开启|关闭|解除)了?(?:全员|全体)?(?:禁言|进群确认|匿名)|扫描.{1,60}二维码|领取了.{0,40}红包|"
    r"以上是打招呼|你已添加了|joined|left the (?:group|channel)|was removed|was added|invited)",
    re.IGNORECASE,
)


def is_notice(line: str) -> bool:
    """Does a bare line read like a notice of the app (joins, recalls, pats)?"""
    return len(line) < 160 and (is_recall(line) or is_pat(line) or bool(_NOTICE.search(line)))


_ACTOR = re.compile(r"^\s*(?:[\"“「](.{1,60}?)[\"”」]|(.{1,60}?))\s*(?:撤回了?|拍了拍|戳了戳|recalled|deleted|nudged|patted)")


def actor_of_notice(text: str) -> str:
    """Who recalled or patted, as the notice names them; empty when it does not."""
    found = _ACTOR.match(text[:200])
    return (found[1] or found[2] or "").strip() if found else ""


def kind_of_notice(text: str) -> Kind:
    """The kind of a system line."""
    return Kind.RECALL if is_recall(text) else Kind.PAT if is_pat(text) else Kind.SYSTEM


# WeChat's codes; a 64-bit type of WeChat 4 is subtype << 32 | base.
_WECHAT = {
    1: Kind.TEXT,
    3: Kind.IMAGE,
    34: Kind.VOICE,
    42: Kind.CARD,
    43: Kind.VIDEO,
    62: Kind.VIDEO,
    47: Kind.STICKER,
    48: Kind.LOCATION,
    50: Kind.CALL,
    66: Kind.CARD,
    10000: Kind.SYSTEM,
    10002: Kind.RECALL,
}
_WECHAT_APP = {
    1: Kind.TEXT,
    3: Kind.LINK,
    92: Kind.LINK,
    4: Kind.LINK,
    5: Kind.LINK,
    6: Kind.FILE,
    74: Kind.FILE,
    8: Kind.STICKER,
    19: Kind.FORWARD,
    24: Kind.CARD,
    33: Kind.CARD,
    36: Kind.CARD,
    51: Kind.LINK,
    53: Kind.TEXT,
    57: Kind.TEXT,
    62: Kind.PAT,
    63: Kind.LINK,
    87: Kind.TEXT,
    2000: Kind.TRANSFER,
    2001: Kind.REDPACKET,
    2003: Kind.REDPACKET,
}


def wechat_kind(code: int, subtype: int = 0) -> Kind:
    """The kind behind WeChat's type code, old or 64-bit."""
    base, sub = code & 0xFFFFFFFF, (code >> 32) or subtype
    if base == 49:
        return _WECHAT_APP.get(sub, Kind.OTHER)
    return _WECHAT.get(base, Kind.OTHER)
