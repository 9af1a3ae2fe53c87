"""What a digest may be told: lengths, thresholds, what stays out; and what the archive's memory lends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.model import AskedBefore, Item, Message, QAPair


@dataclass(frozen=True, kw_only=True)
class DigestOptions:
    """Lengths in Chinese characters (in a Latin script twice as many letters); the other numbers are shares or probabilities."""

    long_share: float = 0.245  # of the chat's characters; the promise is 0.25, the rest is for joints and ellipses
    long_knee: int = 3000  # beyond this length the long form grows with the square root: a busy week is still read in minutes
    long_most: int | None = None  # a whole week or month is read in one page
    long_least: int = 240  # a chat of a dozen lines may still print this much
    short_chars: int = 580  # one phone screen is 600
    tldr_lines: int = 3
    question_chars: int = 44
    answer_chars: int = 42
    entry_chars: int = 40
    short_entry_chars: int = 40
    answer_messages: int = 2  # of a long answer
    room_a_message: float = 0.4  # of the limit, for each further message of one answer
    qa_confidence: float = 0.5  # below this line a pair is not printed: a wrong one costs more trust than a missing one
    open_confidence: float = 0.22  # of an unanswered question: the root of P(real, open), times the square of P(asks)
    open_unworded: float = 0.9  # P(asks) of an open question without a single word or mark that asks
    least_forward_value: float = 0.6  # of an article that somebody passed on without a word
    talk_lines: int = 6  # of its outline
    least_value: float = 0.15  # a highlight below this stays in the topic statistics
    most_unfit: float = 0.5  # P(embarrassing or private) above which a message is never selected
    value_power: float = 2.0  # >1: few very valuable messages before many fair ones
    cost_scale: float = 1.0  # 0: length does not matter, 1: value a character
    short_cost_scale: float = 0.8
    qa_weight: float = 18.0  # at 8 notices and to-dos crowd pairs out, at 30 pairs crowd out what else must be shown
    unanswered_weight: float = 1.2
    item_weight: float = 3.0
    # In this order, before all that competes: short, and looked for.
    first_sections: tuple[str, ...] = ("resources", "unanswered", "decisions", "announcements", "actions", "talks")
    first_confidence: float = 0.25  # of a decision, notice or to-do that goes in first; a doubtful one competes with the rest
    stands_alone: int = 24  # a shorter highlight is printed with what it responds to
    run_seconds: int = 180
    least_pointer: int = 5  # messages of a topic without highlights that is still named
    most_pointers: int = 6
    quotes: bool = False
    opted_out: frozenset[str] = frozenset()  # sender ids neither quoted nor named
    hidden_words: tuple[str, ...] = ()  # printed as "***", like what the masks find
    dismissed: frozenset[str] = frozenset()  # message ids that the operator struck before ("not this")


@dataclass(frozen=True, kw_only=True)
class OldTalk:
    """A discussion of long ago on a subject that is back: its messages of most value in time order, the first as the way in."""

    title: str
    keywords: tuple[str, ...]
    message_ids: tuple[str, ...]
    thread: str
    participants: int
    messages: int


@dataclass(frozen=True, kw_only=True)
class Lent:
    """What the archive's memory lends to a digest. It says what and where: the digest quotes, masks and proves it like its own lines.

    `asked_before` is by id of a question's message. `messages` holds the archive's messages that the others cite, by id.
    Who opted out, and what is unfit to be printed, must not be among them.
    """

    asked_before: Mapping[str, AskedBefore] = field(default_factory=dict)
    closed: tuple[QAPair, ...] = ()  # questions of earlier sessions with the answers that were given in this one
    due: tuple[Item, ...] = ()  # to-dos and decisions of earlier sessions, not done yet, whose day has come
    again: OldTalk | None = None
    messages: Mapping[str, Message] = field(default_factory=dict)
