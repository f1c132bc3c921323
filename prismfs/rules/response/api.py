"""What other families may ask of response: facts of an incident, and how it is judged anew."""

from prismfs.rules.response.facts import meta_of, priority_of
from prismfs.rules.response.jobs.retry import CHANNEL as JOBS
from prismfs.rules.response.severity_change import change as change_severity
from prismfs.rules.response.severity_change import check_lowering
from prismfs.rules.response.targets import responded

__all__ = ["JOBS", "change_severity", "check_lowering", "meta_of", "priority_of", "responded"]
