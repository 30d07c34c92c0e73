"""Where things are kept: the cache shared by working trees, and one tree's state."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A Unix socket's path has at most 107 characters; this leaves room for the longest
# name below the state folder ("rig/dovecot-xxxxxx/base/auth-token-secret.dat").
LONGEST_STATE_PATH = 60


def cache_directory() -> Path:
    """Return the folder of what all working trees share; it may not exist yet."""
    if named := os.environ.get("MGP_CACHE"):
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "mail_gateway_plus"


def state_directory() -> Path:
    """Return the folder of this working tree's servers, logs and configurations.

    PostgreSQL and Postfix run as users of their own and must be able to walk down to
    it. Where the tree's parents do not let them (below /root, or a closed home), or
    where the path is too long for a socket, the folder is one below /var/tmp.
    """
    inside = ROOT / ".run"
    if is_traversable_by_all(ROOT) and len(str(inside)) <= LONGEST_STATE_PATH:
        return inside
    digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path("/var/tmp") / f"mail_gateway_plus-{os.getuid()}-{digest}"


def make_state_directory() -> Path:
    """Create the state folder when it is missing and return it.

    Raises PermissionError when somebody else owns it: the name below /var/tmp can be
    guessed, and another user's folder must not hold our servers.
    """
    state = state_directory()
    state.mkdir(mode=0o755, exist_ok=True)
    if state.is_symlink() or state.stat().st_uid != os.getuid():
        raise PermissionError(f"{state} belongs to another user: remove it first")
    return state


def is_traversable_by_all(directory: Path) -> bool:
    """Return whether every user may walk from / down into ``directory``."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for folder in [directory, *directory.parents]
    )


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` so that a reader finds the old file or the whole new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def digest_of(*parts: str | bytes | Path) -> str:
    """Return a short digest of texts and of the contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()[:16]


def _pieces(part: str | bytes | Path) -> list[bytes]:
    """Return the bytes that stand for ``part``, in an order that does not change."""
    if isinstance(part, bytes):
        return [part]
    if isinstance(part, str):
        return [part.encode()]
    if part.is_file():
        return [part.read_bytes()]
    pieces = []
    for path in sorted(part.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            pieces += [str(path.relative_to(part)).encode(), path.read_bytes()]
    return pieces
