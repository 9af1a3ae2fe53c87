"""What a message is worth: noise with its reason, value as a sum of named signals, and whether it asks something."""

from pipeline.score.explain import explain_value
from pipeline.score.options import ScoreOptions
from pipeline.score.scoring import score_messages

__all__ = ["ScoreOptions", "explain_value", "score_messages"]
