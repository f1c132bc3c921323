"""What other families and the engine may ask of work; every answer is a value, and nothing is put into the plan."""

from prismfs.rules.work.bead_import import NEWER_HERE
from prismfs.rules.work.items import by, ended, new_item, reopened
from prismfs.rules.work.links import blockers_of, need_work

__all__ = ["NEWER_HERE", "blockers_of", "by", "ended", "need_work", "new_item", "reopened"]
