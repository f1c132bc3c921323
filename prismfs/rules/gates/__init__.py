"""Gates: phases of a workflow, their artifacts, and the decisions between them.

Where a workflow has come to is in `progress`; an artifact is submitted (`submission`) or edited by hand
(`hand_edit`), read by its sections (`sections`), decided on (`gate`, `gate_rules`), told of (`news`), and has effects
on what it is about (`effects`). `facts` fill the template of the next one.
"""
