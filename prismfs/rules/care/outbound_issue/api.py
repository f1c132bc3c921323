"""What the engine and the command line may ask of outbound issues; every answer is a value."""

from prismfs.rules.care.outbound_issue.approval import OUTGOING_ISSUE
from prismfs.rules.care.outbound_issue.approval_request import review_text
from prismfs.rules.care.outbound_issue.checks import CHECKS, Sending
from prismfs.rules.care.outbound_issue.follow import news_of, shortened
from prismfs.rules.care.outbound_issue.staging import MANAGER
from prismfs.rules.care.outbound_issue.wording import texts_of

__all__ = ["CHECKS", "MANAGER", "OUTGOING_ISSUE", "Sending", "news_of", "review_text", "shortened", "texts_of"]
