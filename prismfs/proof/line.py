"""The classifier: a branch along first parents, each commit the engine's, a person's or unproven.

It reads upward once and carries the mark, its keys and the last tip: a key counts by its place in the line, as times
are what their authors say. What a commit brings of keys counts from the next one on.
"""

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from prismfs.proof.commit_object import CommitObject
from prismfs.proof.evidence import Evidence, FileChange
from prismfs.proof.key_ring import Holder
from prismfs.proof.proofs import Anchor, Classified, Fault, Proof, Reason, Tip
from prismfs.proof.protected import Files, ProtectedFiles, changed, refusal_of
from prismfs.proof.signers import Signer, is_accepted, proof_of, read_side, signer_of
from prismfs.proof.tips import first_covered


def classify(line: Sequence[CommitObject], anchor: Anchor, evidence: Evidence) -> Classified:
    """Return a proof for each commit of `line`, which follows `anchor` along first parents, oldest first.

    A line that does not reach down to the anchor is undecidable as a whole.

    Raises:
        ValueError: the commits are not each the first parent of the next.
    """
    if any(upper.parents[:1] != (lower.oid,) for lower, upper in pairwise(line)):
        raise ValueError("the commits of a line are each the first parent of the next")
    if line and line[0].parents[:1] != (anchor.commit,):
        return _unconnected(line, anchor)
    walk = _Walk(line, anchor, evidence)
    for index in range(len(line)):
        walk.step(index)
    return walk.result()


class _Walk:
    """One reading of a line, from its anchor upward."""

    def __init__(self, line: Sequence[CommitObject], anchor: Anchor, evidence: Evidence) -> None:
        self.line = line
        self.start = anchor.commit
        self.evidence = evidence
        self.protected = ProtectedFiles(anchor, evidence)
        self.last = -1
        self.proofs: dict[str, Proof] = {}
        self.taken: dict[str, Proof] = {}
        self.faults: list[Fault] = []
        self.tips: list[Tip] = []
        self.anchors = {anchor.commit: anchor}

    def result(self) -> Classified:
        """Return what was found."""
        return Classified(
            proofs=self._with_doubts(),
            faults=tuple(self.faults),
            mark=self.protected.mark,
            taken=self.taken,
            tips=tuple(self.tips),
            anchors=self.anchors,
        )

    def step(self, index: int) -> None:
        """Go on to the next commit; where it is a valid tip, those that it covers are the engine's."""
        commit = self.line[index]
        signer = signer_of(commit, self.protected.ring, self.evidence)
        if signer.reason == "unknown_key":
            signer = self._enrolled_by_its_group(index) or signer
        self.protected.pass_by(commit.oid)
        self.proofs[commit.oid] = proof_of(commit.oid, signer)
        if signer.holder is None:
            return
        if signer.holder.kind == "person":
            self._hear(commit, signer.holder)
            return
        first, reason = self._covered(index, signer)
        if reason == "covered":
            self._take_group(first, index, signer)
        else:
            self.proofs[commit.oid] = replace(self.proofs[commit.oid], reason=reason)

    def _enrolled_by_its_group(self, index: int) -> Signer | None:
        """Return who signed a tip whose group begins with what enrols its key.

        Without that nothing could go on where the keys of all engines are lost: the first to sign is the new one. It
        takes over operators' own acts, or this user has accepted its key.
        """
        first, reason = first_covered(self.line, index, self.last, self.start)
        if reason != "covered":
            return None
        begin, ring, mark = self.line[first], self.protected.ring, self.protected.mark.files
        news = self.protected.news_of(begin.oid)
        files = changed(mark, news)
        found = signer_of(self.line[index], self.evidence.ring(files), self.evidence)
        if found.holder is None or found.holder.kind != "engine":
            return None
        if is_accepted(found, news, ring, mark):
            return replace(found, reason="accepted")
        if len(begin.parents) != 2:
            return None
        known = ChainMap(self.taken, self.proofs)
        _, asked = read_side(begin.oid, known, ring=ring, files=mark, evidence=self.evidence)
        return found if files == asked else None

    def _hear(self, commit: CommitObject, person: Holder) -> None:
        """Let what a person's commit makes of protected files count, if it may."""
        news = self.protected.news_of(commit.oid)
        refusal = refusal_of(news, person, self.protected.mark.files) if news else None
        if news and len(commit.parents) != 1:
            refusal = refusal or "built_on_unproven"  # of a merge on the line its own words cannot be told from others'
        if refusal is not None:
            self.faults.append(Fault(refusal, commit.oid, _paths(news)))
        elif news:
            self.protected.move(commit.oid, news)

    def _covered(self, index: int, signer: Signer) -> tuple[int, Reason]:
        assert signer.holder is not None
        if signer.holder.compromised_since is not None:
            return index, "key_compromised"
        if signer.key in self.protected.stopped:
            return index, "key_stopped"
        first, reason = first_covered(self.line, index, self.last, self.start)
        if reason != "covered":
            self.faults.append(Fault(reason, self.line[index].oid))
        return first, reason

    def _take_group(self, first: int, index: int, signer: Signer) -> None:
        """Take the commits from `first` to the tip at `index` for the engine's; those before it stay as they are."""
        tip, covered = self.line[index], self.line[first : index + 1]
        waiting = self.line[self.last + 1 : first]
        assert signer.holder is not None
        assert signer.key is not None
        for commit in covered:
            self.proofs[commit.oid] = Proof(commit.oid, "engine", "covered", signer.holder.name, signer.key, tip.oid)
        if signer.reason == "accepted":
            self.proofs[covered[0].oid] = replace(self.proofs[covered[0].oid], reason="accepted")
        asked = self._read_side(covered[0])
        if self.protected.ring.engine_vouches:
            self._vouch(tip, waiting, covered)
        else:
            self._check_protected(covered, asked, signer.key, signer.holder)
        if self.protected.off:
            self.faults.append(Fault("protected_left_changed", tip.oid, self.protected.off))
        self.last = index
        self.tips.append(Tip(tip.oid, signer.key, self._oid(first - 1), len(covered)))
        self.anchors[tip.oid] = self.protected.anchor(tip.oid)

    def _read_side(self, merge: CommitObject) -> Files:
        """Return the protected files as the people want them whose commits a merge takes over; else the mark's."""
        mark = self.protected.mark.files
        if len(merge.parents) < 2:
            return mark
        known = ChainMap(self.taken, self.proofs)
        side, asked = read_side(merge.oid, known, ring=self.protected.ring, files=mark, evidence=self.evidence)
        self.taken |= side
        return asked

    def _check_protected(self, covered: Sequence[CommitObject], asked: Files, key: str, engine: Holder) -> None:
        """Accept of protected files what brings them back to the mark, or to what operators have `asked` for."""
        for commit in covered:
            news = self.protected.news_of(commit.oid)
            if news and changed(self.protected.mark.files, news) == asked:
                self.protected.move(commit.oid, news)
            elif news:
                self.faults.append(Fault("engine_changed_protected", commit.oid, _paths(news)))
                self.protected.stop(key, engine)

    def _vouch(self, tip: CommitObject, waiting: Sequence[CommitObject], covered: Sequence[CommitObject]) -> None:
        """Let the protected files count as they are, but for what others changed on the line and the engine did not."""
        own = {change.path for commit in covered for change in self.evidence.protected(commit.oid)}
        strange = {change.path for commit in waiting for change in self.evidence.protected(commit.oid)}
        files, mark = self.protected.files, self.protected.mark.files
        paths = [path for path in self.protected.off if path in own or path not in strange]
        if paths:
            self.protected.move(tip.oid, [FileChange(path, mark.get(path), files.get(path)) for path in paths])

    def _with_doubts(self) -> dict[str, Proof]:
        """Return the proofs, with those in doubt whose key the newest roster calls compromised from before them on."""
        doubted = {key: one for key, one in self.protected.ring.holders.items() if one.compromised_since is not None}
        if not doubted:
            return self.proofs
        places = {oid: place for place, oid in enumerate(self.proofs)}
        found = {}
        for place, (oid, proof) in enumerate(self.proofs.items()):
            holder = doubted.get(proof.key or "")
            since = -1 if holder is None else places.get(holder.compromised_since or "", -1)
            found[oid] = replace(proof, doubted=holder is not None and proof.status == "engine" and place > since)
        return found

    def _oid(self, index: int) -> str:
        return self.start if index < 0 else self.line[index].oid


def _unconnected(line: Sequence[CommitObject], anchor: Anchor) -> Classified:
    """Return that nothing can be said of a line that does not stand on its anchor."""
    oldest = line[0]
    why: Literal["shallow", "other_root"] = "shallow" if oldest.parents else "other_root"
    return Classified(
        proofs={}, faults=(Fault(why, oldest.oid),), mark=anchor.mark, taken={}, tips=(),
        anchors={anchor.commit: anchor}, undecidable=why,
    )  # fmt: skip


def _paths(changes: Sequence[FileChange]) -> tuple[str, ...]:
    return tuple(change.path for change in changes)
