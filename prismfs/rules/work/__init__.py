"""Work: what is to be done, beside what needs attention.

Work items are created, claimed, changed and closed (`items`), linked (`links`), and imported from other programs
(`bead_import`); todos and journal entries are kept (`todos`).
"""
