"""WeFlow (and EchoTrace, its ancestor), formats "JSON" and "arkme JSON".

    {"weflow": {"version": "1.0.3", "exportedAt": 1763600000, "generator": "WeFlow"},
     "session": {"wxid": "…@chatroom", "nickname": "…", "displayName": "…", "type": "群聊", …},
     "messages": [{"localId": 5, "createTime": 1763560782, "type": "引用消息", "localType": 244813135921,
       "content": "我这边 4070 也差不多[引用 林晓：跑过…]", "isSend": 0, "senderUsername": "wxid_hao…", "senderDisplayName": "郝哥",
       "platformMessageId": "7423…", "replyToMessageId": "7423…", "quotedSender": "林晓", "quotedContent": "跑过…"}]}

arkme: weflow.format = "arkme-json", `senders` [{senderID, wxid, displayName, nickname, remark, groupNickname}] before the messages,
which carry senderID. Old files have neither `weflow` nor `platformMessageId`; localId is a row number, no id. Trust localType
before type. Notices carry the chat's id as their sender.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind
from pipeline.readers._format import Draft, Format, Member, Part, Quote, ReadOptions
from pipeline.readers._json import Record, drafts, leading_records, number, records, text_of
from pipeline.readers._kinds import kind_of_notice, kind_of_word, read_placeholder, strip_word, wechat_kind
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix
from pipeline.readers._wechat import split_suffix_quote


def sniff(probe: Probe) -> bool:
    return probe.has("messages.item.localType") and probe.has("messages.item.createTime") and "chatlab" not in probe.paths


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    paths = Probe(source).paths
    names = [text_of(paths.get(f"session.{key}")) for key in ("nickname", "displayName", "remark")]
    yield Chat(name=next(filter(None, names), ""), id=text_of(paths.get("session.wxid")) or None, platform="wechat")
    senders: dict[str, Member] = {}
    for key, by in (("groupMembers", "wxid"), ("senders", "senderID")):
        for record in leading_records(source, f"{key}.item", "messages") if key in paths else ():
            senders[text_of(record.get(by))] = member = _member(record)
            yield member
    found = records(source, "messages.item", lambda r: "createTime" in r and "content" in r)
    yield from drafts(source, found, lambda line, record: _draft(line, record, senders, options))


def _member(record: Record) -> Member:
    names = [text_of(record.get(key)) for key in ("groupNickname", "displayName", "nickname", "remark")]
    return Member(id=text_of(record.get("wxid")), names=tuple(dict.fromkeys(filter(None, names))))


def _draft(line: int, record: Record, senders: Mapping[str, Member], options: ReadOptions) -> Draft:
    sent_at = from_unix(number(record["createTime"]), options.tz)
    message_id = text_of(record.get("platformMessageId"))
    content = text_of(record.get("content"))
    kind = _kind(record, content)
    sender_id, sender = text_of(record.get("senderUsername")), text_of(record.get("senderDisplayName"))
    if "senderID" in record and (member := senders.get(text_of(record["senderID"]))):
        sender_id, sender = member.id, member.names[0] if member.names else member.id
    if kind in (Kind.SYSTEM, Kind.PAT) or sender_id.endswith("@chatroom"):
        who = "" if sender_id.endswith("@chatroom") else sender_id
        return Draft(
            line=line,
            id=message_id,
            sent_at=sent_at,
            sender_id=who,
            sender=sender if who else "",
            text=content,
            kind=kind_of_notice(content),
            mentions=(),
        )
    text, quote = _own_words(record, content)
    __, title, url, file_name = read_placeholder(text)
    if kind in (Kind.LINK, Kind.VOICE):
        text = strip_word(text)
    return Draft(
        line=line,
        id=message_id,
        sent_at=sent_at,
        sender_id=sender_id,
        sender=sender,
        text=text,
        kind=kind,
        # without ids of its own the file cannot resolve the id of the quoted message either
        reply_to=(text_of(record.get("replyToMessageId")) or None) if message_id else None,
        quote=quote,
        title=text_of(record.get("linkTitle")) or text_of(record.get("locationPoiname")) or title,
        url=text_of(record.get("linkUrl")) or url,
        file_name=file_name if kind is Kind.FILE else None,
    )


def _kind(record: Record, content: str) -> Kind:
    local = record.get("localType")
    kind = wechat_kind(int(local)) if isinstance(local, int) else kind_of_word(text_of(record.get("type")))
    return read_placeholder(content)[0] if kind is Kind.OTHER else kind


def _own_words(record: Record, content: str) -> tuple[str, Quote | None]:
    quoted, by = text_of(record.get("quotedContent")), text_of(record.get("quotedSender"))
    suffix = f"[引用 {by}：{quoted}]"
    if quoted and content.endswith(suffix):
        return content.removesuffix(suffix), Quote(sender=by, text=quoted)
    if quoted:
        return content, Quote(sender=by, text=quoted)
    return split_suffix_quote(content)


FORMAT = Format(
    name="weflow-json",
    title=_noop("WeFlow JSON, arkme JSON"),
    platform="wechat",
    obtain=_noop("WeFlow: 导出 → choose the chat → JSON (or arkme JSON)"),
    sniff=sniff,
    read=read,
    quotes=True,
)
