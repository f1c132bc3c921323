"""A program of the operator's own: the message as JSON on its standard input (R-004-06, R-004-29)."""

import json
import os
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


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """Runs the target's `run` in the project's folder, without a shell.

    The target's `options` are environment variables: `pager-token` is PAGER_TOKEN. Exit code 0 is sent, 75
    (EX_TEMPFAIL of sysexits.h) is for later, every other fails for good. A program that was killed at the
    time-out may have sent.
    """

    local: ClassVar[bool] = False

    root: Path
    targets: Mapping[str, Target]

    def send(self, message: Message) -> Receipt:
        """Run the program with the message and return what its exit code says."""
        try:
            target = find_target(self.targets, message.target, channel="command")
            target = resolve_target(target, name=message.target, root=self.root)
            if not target.run:
                raise ConfigError("missing_setting", "is empty", field=f"targets.{message.target}.run")
        except ConfigError as error:
            return not_configured(error)
        try:
            ended = run(
                target.run,
                json.dumps(message.payload()).encode(),
                timeout=target.timeout,
                cwd=self.root,
                environment={name.upper().replace("-", "_"): value for name, value in target.options.items()},
            )
        except RefusedError as error:
            late = error.code == "command_timeout"
            return Receipt(outcome="unknown" if late else "permanent", detail=one_line(error.problem.message))
        if ended.code == 0:
            return Receipt(outcome="sent")
        how = f"ended with code {ended.code}" if ended.code > 0 else f"was killed by signal {-ended.code}"
        return Receipt(
            outcome="temporary" if ended.code == os.EX_TEMPFAIL else "permanent", detail=f"the command {how}"
        )


CHANNEL = ChannelType(
    form=ChannelForm(word="command", reaches="target", target=NAME_TARGET, shown="<name>"),
    make=lambda site: CommandChannel(site.root, site.targets),
)
