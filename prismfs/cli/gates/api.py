"""What the verbs of other families offer of gates: `incident phase`."""

from prismfs.cli.gates.phase import command as phase

__all__ = ["phase"]
