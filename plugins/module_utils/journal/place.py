# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a journal may lie: checked before it is opened, refused in one sentence."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

try:
    import sqlalchemy as sa
except ImportError:
    sa = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

DIALECTS = ("sqlite",)
EXAMPLE = "sqlite:////var/lib/releng/journal.db"

# Locks and shared memory of SQLite do not hold across machines. Kernel names, as in /proc/mounts.
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs")
# Rootless containers put their own root on it: local although it is fuse.
LOCAL_FUSE = ("fuse.fuse-overlayfs",)
MOUNTS = Path("/proc/mounts")


@dataclasses.dataclass(frozen=True)
class Place:
    """A SQLite file.

    :param url: as given, without a password: for messages
    :param path: absolute path of the database
    """

    url: str
    path: Path

    @property
    def evidence(self) -> Path:
        return self.path.parent / "evidence"


def place(url: str, mounts: Path = MOUNTS) -> Place:
    """The checked place behind ``url``; creates nothing.

    :param url: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite:///~/in/my/home.db``
    :param mounts: table of mounts; where it cannot be read (not Linux) the file system is not judged
    :raises Refused: unknown dialect, in-memory, directory that cannot be written, network file system
    """
    try:
        parsed = sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        raise Refused(f"The journal address is not a database URL; {EXAMPLE} is one.") from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() not in DIALECTS:
        raise Refused(f"The journal cannot be kept in {shown}: allowed is {', '.join(DIALECTS)}, as in {EXAMPLE}.")
    name = parsed.database or ""
    if name in ("", ":memory:") or name.startswith("file:") or parsed.query:
        raise Refused(f"The journal {shown} is not a plain file, so it would be lost; name one, as in {EXAMPLE}.")
    path = Path(os.path.abspath(os.path.expanduser(name)))
    _check_writable(path)
    kind = file_system(path, mounts)
    if is_network(kind):
        raise Refused(
            f"The journal {path} lies on a network file system ({kind}), where SQLite can lose entries.",
            remedy="Put it on a local disk of the machine that runs ansible-playbook.",
        )
    return Place(shown, path)


def make_directory(path: Path) -> None:
    """``path`` and its missing parents, for the owner only; what exists stays as it is."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """Kernel name of the file system that ``path`` (or its nearest parent that exists) lies on, "" if unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real = Path(os.path.realpath(_nearest(path)))
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        # The later of two mounts on one point covers the earlier one.
        if (real == point or point in real.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def is_network(kind: str) -> bool:
    return kind in NETWORK or ((kind == "fuse" or kind.startswith("fuse.")) and kind not in LOCAL_FUSE)


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise Refused(f"The journal {path} is a directory; name a file in it, as in {path}/journal.db.")
    nearest = _nearest(path)
    if nearest == path:
        if not os.access(path, os.R_OK | os.W_OK):
            raise Refused(f"The journal {path} cannot be read and written by user id {os.geteuid()}.")
        nearest = path.parent
    if not nearest.is_dir():
        raise Refused(f"The journal cannot be made in {path.parent}: {nearest} is not a directory.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise Refused(
            f"The journal cannot be kept in {path.parent}: {nearest} is not writable for user id {os.geteuid()}.",
            remedy="Name a writable directory, or correct its owner.",
        )


def _nearest(path: Path) -> Path:
    """``path`` or its nearest parent that exists."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _unescape(text: str) -> str:
    """Space, tab, newline and backslash stand as octal numbers in a table of mounts."""
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, character)
    return text
