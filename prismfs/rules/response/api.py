"""What other families may ask of response: facts of an incident, how it is judged anew, the keys of jobs and engine."""

from prismfs.rules.response.facts import ENGINE_KEY, meta_of, priority_of
from prismfs.rules.response.severity import change_severity, check_lowering, responded

__all__ = ["ENGINE_KEY", "change_severity", "check_lowering", "meta_of", "priority_of", "responded"]
