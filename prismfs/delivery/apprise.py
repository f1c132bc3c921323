"""The services that Apprise knows, about a hundred, by their URLs (R-004-06)."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.programs.run import run
from prismfs.delivery.secrets import find_target, not_configured, one_line, resolve_target
from prismfs.errors import ConfigError, RefusedError
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import NAME_TARGET, ChannelForm, Message, Receipt

_PROGRAM = Path(__file__).parent / "programs" / "apprise_program.py"


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Sends to the target's URL, one for each delivery.

    Apprise has time-outs for each part of a request but none for the whole, keeps threads, and takes proxies
    from the environment. So it runs as a process of its own that is killed when its time is up. It tells
    success from failure and nothing more: each failure is tried again.
    """

    local: ClassVar[bool] = False

    root: Path
    targets: Mapping[str, Target]

    def send(self, message: Message) -> Receipt:
        """Hand the message to Apprise; without the package it is not configured."""
        where = f"targets.{message.target}"
        try:
            target = find_target(self.targets, message.target, channel="apprise")
            if not target.url:
                raise ConfigError("missing_setting", "is empty", field=f"{where}.url")
            if target.options:
                raise ConfigError("bad_setting", "Apprise takes its options in the URL", field=f"{where}.options")
            if importlib.util.find_spec("apprise") is None:
                raise ConfigError(
                    "missing_package", "the package apprise is not installed", hint="pip install 'prismfs[apprise]'"
                )
            target = resolve_target(target, name=message.target, root=self.root)
        except ConfigError as error:
            return not_configured(error)
        try:
            # -P: modules are not looked for beside the program, where one is called apprise.
            ended = run(
                (sys.executable, "-P", str(_PROGRAM)),
                json.dumps({"url": target.url, "title": message.subject, "body": message.body}).encode(),
                timeout=target.timeout,
                cwd=self.root,
            )
        except RefusedError as error:
            late = error.code == "command_timeout"
            return Receipt(outcome="unknown" if late else "temporary", detail=one_line(error.problem.message))
        match ended.code:
            case 0:
                return Receipt(outcome="sent")
            case os.EX_USAGE:
                return not_configured(ConfigError("bad_setting", "is no URL that Apprise knows", field=f"{where}.url"))
            case _:
                return Receipt(outcome="temporary", detail="Apprise could not send it")


CHANNEL = ChannelType(
    form=ChannelForm(word="apprise", reaches="target", target=NAME_TARGET, shown="<name>"),
    make=lambda site: AppriseChannel(site.root, site.targets),
)
