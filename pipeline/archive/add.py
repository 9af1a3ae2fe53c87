"""Exports into the archive: which chat they belong to, what is new in them, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.analysis import AnalysisOptions
from pipeline.archive.merge import merge_into, shares_messages
from pipeline.archive.refresh import Refreshed, refresh
from pipeline.archive.store import Archive, StoredChat, as_message, micros
from pipeline.archive.vectors import embed_missing
from pipeline.embedding import FAST, Embedder, load_embedder
from pipeline.errors import ArchiveError
from pipeline.i18n import _
from pipeline.model import Chat, Export, Message

OVERLAP_MOST = 50_000  # messages of the archive that an export is laid against

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came of one export."""

    chat: StoredChat
    read: int
    new: int
    duplicate: int
    unreadable: int
    same_name: bool  # a new chat, although the archive had one of that name


def add_export(archive: Archive, export: Export, chat_name: str | None = None) -> Added:
    """Stores the messages that the archive does not have yet; the caller holds `archive.writing()`."""
    known = _known_chat(archive, export, chat_name)
    same_name = known is None and any(c.chat.name == export.chat.name for c in archive.chats())
    chat = known or archive.new_chat(export.chat)
    new = merge_into(archive, chat, export) if known else archive.insert(chat, export.messages)
    read = len(export.messages)
    return Added(chat=chat, read=read, new=new, duplicate=read - new, unreadable=len(export.skipped), same_name=same_name)


def add_pieces(archive: Archive, pieces: Iterable[tuple[bool, Export]], chat_name: str | None = None) -> Iterator[Added]:
    """A log larger than memory, piece by piece (`readers.stream_exports`): further pieces go where a chat's first one went."""
    rooms: dict[Chat, Added] = {}
    before_it: dict[Chat, int] = {}  # the archive's newest row when the chat's first piece came
    for first, export in pieces:
        if first:
            if before := rooms.pop(export.chat, None):
                yield before
            before_it[export.chat] = archive.newest_row()
            rooms[export.chat] = add_export(archive, export, chat_name)
            continue
        before = rooms[export.chat]
        new, read = merge_into(archive, before.chat, export, before_it[export.chat]), len(export.messages)
        rooms[export.chat] = replace(
            before,
            read=before.read + read,
            new=before.new + new,
            duplicate=before.duplicate + read - new,
            unreadable=before.unreadable + len(export.skipped),
        )
    yield from rooms.values()


def _known_chat(archive: Archive, export: Export, chat_name: str | None) -> StoredChat | None:
    """The export's own chat id decides; else --chat; else the name together with messages that both have."""
    if chat_name:
        return archive.find_chat(chat_name)
    every = archive.chats()
    if export.chat.id:
        same = [c for c in every if c.chat.id == export.chat.id and c.chat.platform == export.chat.platform]
        if same:
            return same[0]
    for candidate in every:
        named_alike = candidate.chat.name == export.chat.name and not (export.chat.id and candidate.chat.id)
        if named_alike and (_overlaps(archive, candidate, export) or shares_messages(archive, candidate, export)):
            return candidate
    if not export.named:  # the name is but the file's: an overlap that leaves no doubt decides alone
        alike = (c for c in every if not c.chat.platform or not export.chat.platform or c.chat.platform == export.chat.platform)
        return next((c for c in alike if shares_messages(archive, c, export)), None)
    return None


def _overlaps(archive: Archive, chat: StoredChat, export: Export) -> bool:
    """Do both have messages of one minute, sender and text? A common greeting is no proof: two of them, or all of a tiny export."""
    mine = {_trace(m): m.id for m in _period_of(archive, chat, export)}
    shared = sum(_trace(m) in mine for m in export.messages if len(m.text) > 1 or mine.get(_trace(m)) == m.id)
    return shared >= min(2, len(export.messages))


def _trace(message: Message) -> tuple[int, str, str]:
    return micros(message.sent_at) // 60_000_000, message.sender, message.text.strip()


def _period_of(archive: Archive, chat: StoredChat, export: Export) -> list[Message]:
    """The archive's messages of the export's period, a minute around it."""
    if not export.messages:
        return []
    times = [micros(m.sent_at) for m in export.messages]
    rows = archive.db.execute(
        "SELECT row, chat, id, sent_at, sender_id, sender, text, kind, reply_to, extra FROM message"
        " WHERE chat = ? AND at BETWEEN ? AND ? ORDER BY at, row LIMIT ?",
        (chat.row, min(times) - 60_000_000, max(times) + 60_000_000, OVERLAP_MOST),
    )
    return [as_message(r) for r in rows]


def bring_up_to_date(
    archive: Archive, options: AnalysisOptions, step: Step = lambda name: None, searchable: Callable[[int], None] = lambda waiting: None
) -> list[Refreshed]:
    """Analyses, embeds and indexes what waits for it; the last window of each chat. The caller holds `writing()`.

    What an interruption left is finished, too. With the fast model, messages are embedded and indexed before they are analysed:
    `searchable` is told how many a search finds from then on.
    """
    from pipeline import memory
    from pipeline.search.meaning import let_in, open_index, update_index
    from pipeline.search.usual import usual_queries

    embedder = load_embedder(options.model)
    known = archive.setting("model")
    if known and known != embedder.name:
        raise ArchiveError(
            _(
                "{path}: this archive is searched with the model {known}, not {model}; to change it run: dianti reindex --model {asked}"
            ).format(path=archive.folder, known=known, model=embedder.name, asked=options.model)
        )
    archive.set_setting("model", embedder.name)
    archive.set_setting("model_asked", options.model)
    memory.expect(archive)
    early = options.model == FAST and _index_waiting(archive, embedder, step, searchable)
    newest: dict[int, Refreshed] = {}  # a chat's last window: a long history's analyses are larger than memory
    for window in refresh(archive, options, step):
        newest[window.chat.row] = window
        let_in(archive, window.rows)
    step("embed")
    for _count in embed_missing(archive, embedder):
        step("embed")
    step("index")
    update_index(archive, force=early)  # what the analysis found to be noise goes
    usual_queries(archive, embedder, open_index(archive))
    memory.update(archive, options, step)
    archive.db.execute("PRAGMA optimize")
    return list(newest.values())


def _index_waiting(archive: Archive, embedder: Embedder, step: Step, searchable: Callable[[int], None]) -> bool:
    """Makes what waits for its analysis found by its meaning, as it is by its words already; was the index file written anew for it?

    Only for a model that costs less than the analysis: a long history is searched after minutes, and what the analysis finds to be
    noise leaves the index with the next file.
    """
    from pipeline.search.meaning import update_index

    waiting, first = archive.db.execute("SELECT count(*), min(row) FROM pending").fetchone()
    if not waiting:
        return False
    step("embed")
    for _count in embed_missing(archive, embedder, after=first - 1):
        step("embed")
    step("index")
    written = update_index(archive)
    searchable(waiting)
    return written


def archive_options(archive: Archive, options: AnalysisOptions | None = None) -> AnalysisOptions:
    """The options with the model that the archive was begun with, unless one is asked for."""
    from dataclasses import replace

    options = options or AnalysisOptions()
    return replace(options, model=archive.setting("model_asked", options.model))
