"""Which transport carries issues out: what the settings name, and nothing that leaves where they name none."""

from __future__ import annotations

from pathlib import Path

from prismfs.delivery.issue import Transport
from prismfs.kinds.care.settings.tracker import Tracker


def transport_of(root: Path, tracker: Tracker) -> Transport:
    """Return the transport that `tracker`, the settings of the project at `root`, asks for; dry-run by default."""
    match tracker.transport:
        case "gh":
            from prismfs.delivery.github import GhTransport

            return GhTransport(root, tracker)
        case "file":
            from prismfs.delivery.issue_file import FileTransport

            return FileTransport(root)
        case "dry-run":
            from prismfs.delivery.dry_run import DryRunTransport

            return DryRunTransport(root)
