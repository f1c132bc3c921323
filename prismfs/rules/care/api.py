"""What other families and the engine may ask of care; every answer is a value, and nothing is put into the plan."""

from prismfs.rules.care.assessment import check_nature, is_judged_at_once, judge
from prismfs.rules.care.classifier import DEFAULT_RANK, Classification, classify, with_floor
from prismfs.rules.care.signals import new_signal

__all__ = [
    "DEFAULT_RANK",
    "Classification",
    "check_nature",
    "classify",
    "is_judged_at_once",
    "judge",
    "new_signal",
    "with_floor",
]
