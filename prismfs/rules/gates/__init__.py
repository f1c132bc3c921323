"""Gates: phases of a workflow, their artifacts, and the decisions between them.

How far a workflow has come is in `progress`; an artifact is submitted (`submission`) or edited by hand (`hand_edit`),
read by its sections (`sections`) and decided on (`gate`). What that brings with it, rows, mails and effects, is in
`consequences`; `facts` fill the template of the next artifact. Other families read phases through `api`.
"""
