"""The rows of the family `core`: which stages answer what, and who may cause it."""

from prismfs.rules.core import engines, mailbox, members, observe, proposal, refusals, roster
from prismfs.rules.core.road import Row, Table

TABLE: Table = {
    ("drop", "mail"): Row((mailbox.send_mail,)),
    ("drop", "refused"): Row((observe.refuse_file,)),
    ("command", "refused"): Row((refusals.refuse_command,), right="anyone"),
    ("commit", "any"): Row((proposal.take_proposal,)),
    ("command", "mail.send"): Row((mailbox.send_mail,), right="anyone"),
    ("command", "mail.reply"): Row((mailbox.reply_to_mail,), right="anyone"),
    ("command", "mail.archive"): Row((mailbox.archive_mail,), right="anyone"),
    ("command", "roster.propose"): Row((roster.propose,)),
    ("command", "keys.enrol"): Row((engines.enrol,)),
    ("command", "keys.revoke"): Row((engines.revoke,)),
    ("command", "tenant.add"): Row((members.add,)),
    ("command", "tenant.remove"): Row((members.remove,)),
    ("command", "tenant.join"): Row((members.join,)),
    ("command", "upgrade"): Row((observe.upgrade,)),
}
