"""What the kinds of other families use of escalation: the bead that is an escalation."""

from prismfs.kinds.escalation.escalation import Escalation

__all__ = ["Escalation"]
