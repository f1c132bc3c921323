"""The JSON object that stands for a message where a program reads it: files, webhooks, commands."""

from __future__ import annotations

from prismfs.records.base import format_instant
from prismfs.records.document import Document
from prismfs.records.message import Message


def payload(message: Message) -> Document:
    """Return `message` as id, about, subject, body, priority and created_at."""
    return {
        "id": message.id,
        "about": message.about,
        "subject": message.subject,
        "body": message.body,
        "priority": message.priority,
        "created_at": format_instant(message.created_at),
    }
