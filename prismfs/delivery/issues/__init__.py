"""Transports for issues, one module each; the settings choose one, and by default nothing leaves."""

from pathlib import Path

from prismfs.delivery.issues.transport import Transport
from prismfs.kinds.care.settings.tracker import Tracker


def transport_of(root: Path, tracker: Tracker) -> Transport:
    """Return the transport that `tracker`, the settings of the project at `root`, asks for; dry-run by default."""
    match tracker.transport:
        case "gh":
            from prismfs.delivery.issues.github import GhTransport

            return GhTransport(root, tracker)
        case "file":
            from prismfs.delivery.issues.file import FileTransport

            return FileTransport(root)
        case "dry-run":
            from prismfs.delivery.issues.dry_run import DryRunTransport

            return DryRunTransport(root)
