"""What the repository's own configuration may say: an allow-list, so that none of it can run a program.

Agents share the repository with the engine. git's configuration can name programs in dozens of keys, and new
ones come with each release; so keys are allowed by name, not forbidden by name.
Source: git-config(1) of git 2.39, read for every key that is run, included or connected to.
"""

import re

from prismfs.errors import StoreError
from prismfs.store.git.repository import Git

_ALLOWED = re.compile(
    # What describes the repository, and what only commands of people read: none of it reaches a command of the engine.
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|editor|pager"
    r"|sharedrepository|splitindex|untrackedcache|commitgraph|autocrlf|safecrlf|eol|abbrev|fsync|fsyncmethod|notesref"
    r"|multipackindex|sparsecheckout|sparsecheckoutcone|preloadindex|bigfilethreshold|compression|quotepath|commentchar"
    r"|protectntfs|createobject|warnambiguousrefs"
    r"|hookspath)"  # the engine names its own (git_env)
    r"|remote\.[^\n]+\.(url|pushurl|fetch|push|mirror|tagopt|prune|prunetags|skipdefaultupdate|skipfetchall|gh-resolved)"
    r"|(user|author|committer|branch|init|pull|rebase|rerere|advice|color|column|pager|alias|status|gui|lfs|submodule|trailer"
    r"|sequence|gc|maintenance|repack|feature|fsck|mailmap|difftool|mergetool|guitool|man|browser|web|sendemail)\.[^\n]+"
    r"|push\.(default|autosetupremote|followtags)|fetch\.(prune|prunetags|parallel|recursesubmodules|writecommitgraph|showforcedupdates|output)|merge\.(ff|conflictstyle|renames|tool|guitool)"
    r"|commit\.(gpgsign|verbose|template)|tag\.(sort|gpgsign)|gpg\.(format|mintrustlevel|ssh\.allowedsignersfile)"
    r"|pack\.(windowmemory|threads|deltacachesize|writebitmaps)|index\.(version|threads|sparse)"
    r"|log\.(date|decorate|showsignature|follow|excludedecoration)|format\.pretty|i18n\.commitencoding"
    r"|diff\.(renames|algorithm|colormoved|mnemonicprefix|noprefix|ignoresubmodules|tool|guitool)"
    r"|extensions\.(objectformat|worktreeconfig|partialclone)|receive\.deny[a-z]+|transfer\.(fsckobjects|unpacklimit)"
)
_RUNS_A_PROGRAM = re.compile(r"ext::|^!|--upload-pack|--receive-pack")
"""In an address; the other keys are read by nothing that the engine runs."""


def refused_keys(git: Git) -> tuple[str, ...]:
    """Return the keys of the repository's configuration that are not allowed, in order.

    Both `config` and `config.worktree` are read, without following includes. A URL that names a program is
    refused as its key.
    """
    refused = []
    for name in ("config", "config.worktree"):
        path = git.git_dir / name
        if not path.exists():
            continue
        raw = git.run("config", "--file", str(path), "--no-includes", "--null", "--list")
        for entry in raw.decode(errors="replace").split("\0"):
            key, _, value = entry.partition("\n")
            if not key:
                continue
            address = key.startswith("remote.") and key.endswith("url")
            if not _ALLOWED.fullmatch(key) or (address and _RUNS_A_PROGRAM.search(value)):
                refused.append(key)
    return tuple(dict.fromkeys(refused))


def check_config(git: Git) -> None:
    """Accept the repository's configuration.

    Raises:
        StoreError: `config_refused`, naming every key that is not allowed.
    """
    refused = refused_keys(git)
    if refused:
        said = (
            f"the repository's configuration sets {', '.join(refused)}: it could run a program, or change what is read"
        )
        hint = f"git config --unset-all {refused[0]}"
        raise StoreError("config_refused", said, path=".git/config", field=refused[0], hint=hint)
