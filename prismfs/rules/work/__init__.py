"""Work: what is to be done, beside what needs attention.

Work items are created, changed and closed (`items`), claimed (`claims`), linked (`links`), and imported from other
programs (`bead_import`); todos and journal entries are kept (`todos`).
"""
