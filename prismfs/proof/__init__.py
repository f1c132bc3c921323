"""Who made a commit, told from signatures alone: the engine of a clone, a person, or nobody that can be named.

A **tip** is the last commit of a group of the engine's; it is signed, and states which commits it covers. The **line**
is a branch along first parents, from an **anchor** that is trusted already. The **mark** is the protected files as
an operator signed them last. A **key ring** is the keys that the roster of the mark holds. `classify` reads it all.
"""
