"""What other families may ask of response: facts of an incident, and how it is judged anew."""

from prismfs.rules.response.facts import meta_of, priority_of
from prismfs.rules.response.jobs.failure import CHANNEL as JOBS
from prismfs.rules.response.severity import change_severity, check_lowering, responded

__all__ = ["JOBS", "change_severity", "check_lowering", "meta_of", "priority_of", "responded"]
