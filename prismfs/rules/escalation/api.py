"""What other families and the engine may ask of escalation; every answer is a value."""

from prismfs.rules.escalation.groups import INTERVAL
from prismfs.rules.escalation.messages import PRIORITIES, lacks
from prismfs.rules.escalation.routes import LookedAt, actions_of, check_actions, explain
from prismfs.rules.escalation.sharing import sharing_key

__all__ = ["INTERVAL", "PRIORITIES", "LookedAt", "actions_of", "check_actions", "explain", "lacks", "sharing_key"]
