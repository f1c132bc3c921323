"""What the repository's own configuration may say: an allow-list, so that none of it can run a program.

Agents share the repository with the engine. git's configuration can name programs in dozens of keys, and new
ones come with each release; so keys are allowed by name, not forbidden by name.
Source: git-config(1) of git 2.39, read for every key that is run, included or connected to.
"""

import re

from prismfs.errors import StoreError
from prismfs.store.git.repository import Git

_ALLOWED = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks"
    r"|sharedrepository|splitindex|untrackedcache|commitgraph|autocrlf|eol|abbrev|fsync|fsyncmethod|multipackindex"
    r"|sparsecheckout|sparsecheckoutcone|preloadindex|bigfilethreshold|compression|quotepath)"
    r"|remote\.[^\n]+\.(url|pushurl|fetch|push|mirror|tagopt|prune|prunetags|skipdefaultupdate|skipfetchall)"
    r"|branch\.[^\n]+\.(remote|merge|rebase|description|pushremote)"
    r"|user\.(name|email|signingkey|useconfigonly)"
    r"|(author|committer)\.(name|email)"
    r"|init\.defaultbranch|pull\.(rebase|ff)|push\.(default|autosetupremote|followtags)|fetch\.(prune|prunetags|parallel)"
    r"|merge\.(ff|conflictstyle|renames)|rebase\.(autostash|updaterefs)|commit\.(gpgsign|verbose)|tag\.(sort|gpgsign)"
    r"|color\.[^\n]+|column\.[^\n]+|advice\.[^\n]+|gc\.[^\n]+|pack\.(windowmemory|threads|deltacachesize|writebitmaps)"
    r"|index\.(version|threads|sparse)|feature\.(manyfiles|experimental)|log\.(date|decorate|showsignature)"
    r"|status\.[^\n]+|diff\.(renames|algorithm|colormoved|mnemonicprefix)|rerere\.(enabled|autoupdate)"
    r"|extensions\.(objectformat|worktreeconfig|partialclone)|submodule\.(recurse|active)|receive\.deny[a-z]+"
    r"|gui\.[^\n]+"
)
_RUNS_A_PROGRAM = re.compile(r"ext::|^!|--upload-pack|--receive-pack")


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
            if not _ALLOWED.fullmatch(key) or _RUNS_A_PROGRAM.search(value):
                refused.append(key)
    return tuple(dict.fromkeys(refused))


def check_config(git: Git) -> None:
    """Accept the repository's configuration.

    Raises:
        StoreError: `config_refused`, naming every key that is not allowed.
    """
    refused = refused_keys(git)
    if refused:
        said = f"the repository's configuration sets {', '.join(refused)}, which could run a program"
        hint = f"git config --unset-all {refused[0]}"
        raise StoreError("config_refused", said, path=".git/config", field=refused[0], hint=hint)
