"""Search: by words and by meaning, re-ranked by the conversation around each message, silent where nothing fits."""

from pipeline.search.engine import Answer, Hit, Searcher
from pipeline.search.filters import ONLY, Filters

__all__ = ["ONLY", "Answer", "Filters", "Hit", "Searcher"]
