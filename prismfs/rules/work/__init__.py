"""Work items: created, claimed, linked, closed (`items`, `claims`, `links`); todos (`todos`); items of other programs
taken in (`bead_import`).
"""
