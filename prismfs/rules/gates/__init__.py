"""Gates: phases of a workflow, their artifacts, and the decisions between them.

How far a workflow has come is in `progress`; an artifact is submitted (`submission`) or edited by hand (`hand_edit`),
read section by section (`reading`, by `section_types` and `markdown`) and decided on (`gate`). What that brings with
it, rows, mails and effects, is in `consequences`; `template` is what a person fills in, with `facts` and `findings` of
a panel. Other families read phases through `api`.
"""
