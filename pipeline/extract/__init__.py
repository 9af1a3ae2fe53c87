"""What members keep from a chat: questions with their answers, items, talks."""

from pipeline.extract.items import extract_items
from pipeline.extract.options import ExtractOptions
from pipeline.extract.qa import extract_qa
from pipeline.extract.talks import extract_talks

__all__ = ["ExtractOptions", "extract_items", "extract_qa", "extract_talks"]
