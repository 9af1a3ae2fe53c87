"""The digest stage: an `Analysis` becomes the lines worth printing, each proved by the messages that it cites."""

from pipeline.digest.as_json import digest_from_json, digest_json
from pipeline.digest.build import build_digest
from pipeline.digest.options import DigestOptions, Lent, OldTalk

__all__ = ["DigestOptions", "Lent", "OldTalk", "build_digest", "digest_from_json", "digest_json"]
