# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal
from ansible_collections.releng.runbooks.plugins.module_utils.journal.place import file_system, is_network, place

LOCAL = "/dev/sda1 / ext4 rw 0 0\n"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://root:hunter2@db/x", r"The journal cannot be kept in mysql://root:\*\*\*@db/x: allowed is sqlite"),
        ("postgresql+psycopg://db/x", r"The journal cannot be kept in postgresql\+psycopg://db/x: allowed is sqlite"),
        ("nonsense:///x", "The journal cannot be kept in nonsense:///x: allowed is sqlite"),
        ("/var/lib/journal.db", "The journal address is not a database URL; sqlite:////var/lib/releng/.* is one"),
        ("sqlite://", "is not a plain file, so it would be lost"),
        ("sqlite:///:memory:", "is not a plain file, so it would be lost"),
        ("sqlite:///file:x?mode=memory&uri=true", "is not a plain file, so it would be lost"),
        ("sqlite:///x.db?mode=memory", "is not a plain file, so it would be lost"),
        ("sqlite:////", "The journal / is a directory; name a file in it"),
    ],
)
def test_an_address_that_cannot_be_a_journal_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refusal:
        Journal.open(url)
    assert "hunter2" not in str(refusal.value)


def test_addresses_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert place("sqlite:///a/journal.db").path == tmp_path / "a/journal.db"
    assert place("sqlite:///~/journal.db").path == tmp_path / "home/journal.db"
    assert place(f"sqlite:///{tmp_path}/x.db").evidence == tmp_path / "evidence"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=f"cannot be made in {tmp_path}/file/sub: {tmp_path}/file is not a directory"):
        place(f"sqlite:///{tmp_path}/file/sub/journal.db")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="becomes another user, which needs root")
def test_what_this_user_may_not_write_is_refused(tmp_path: Path) -> None:
    closed, readable = tmp_path / "closed", tmp_path / "readable.db"
    closed.mkdir(mode=0o755)
    readable.touch(mode=0o644)
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_mode & 0o005 != 0o005:
            directory.chmod(0o755)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:  # another process, so that giving up root is nobody else's matter
        os.setresuid(65534, 65534, 65534)
        for url in (f"sqlite:///{closed}/sub/journal.db", f"sqlite:///{readable}"):
            try:
                place(url)
            except Refused as error:
                os.write(writer, f"{error.message}\n".encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as sentences:
        assert sentences.read().splitlines() == [
            f"The journal cannot be kept in {closed}/sub: {closed} is not writable for user id 65534.",
            f"The journal {readable} cannot be read and written by user id 65534.",
        ]


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("ext4", False), ("xfs", False), ("overlay", False), ("tmpfs", False), ("fuseblk", False), ("", False),
        ("fuse.fuse-overlayfs", False),
        ("nfs", True), ("nfs4", True), ("cifs", True), ("smb3", True), ("ceph", True), ("fuse", True),
        ("fuse.sshfs", True), ("fuse.s3fs", True),
    ],
)
def test_which_file_systems_count_as_network(kind: str, network: bool) -> None:
    assert is_network(kind) is network


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"{LOCAL}server:/x {tmp_path} nfs4 rw 0 0\n")
    with pytest.raises(Refused, match=r"lies on a network file system \(nfs4\), where SQLite can lose entries"):
        place(f"sqlite:///{tmp_path}/sub/journal.db", mounts)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (LOCAL, "ext4"),
        (f"{LOCAL}srv:/x {{}} nfs rw 0 0\n", "nfs"),
        (f"srv:/x {{}} nfs rw 0 0\n{LOCAL}", "nfs"),  # the nearer mount wins, wherever it stands
        (f"{LOCAL}srv:/x {{}} nfs rw 0 0\ntmpfs {{}} tmpfs rw 0 0\n", "tmpfs"),  # the later one covers the earlier
        (f"{LOCAL}srv:/x {{}}-other nfs rw 0 0\n", "ext4"),  # only whole path components count
        ("broken line\n", ""),
        ("", ""),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path, lines: str, kind: str) -> None:
    directory = tmp_path / "with space"
    directory.mkdir()
    mounts = tmp_path / "mounts"
    mounts.write_text(lines.replace("{}", str(directory).replace(" ", "\\040")))
    assert file_system(directory / "not/there/yet.db", mounts) == kind


def test_a_link_is_followed_to_where_the_file_really_lies(tmp_path: Path) -> None:
    far, link, mounts = tmp_path / "far", tmp_path / "link", tmp_path / "mounts"
    far.mkdir()
    link.symlink_to(far)
    mounts.write_text(f"{LOCAL}srv:/x {far} cifs rw 0 0\n")
    assert file_system(link / "journal.db", mounts) == "cifs"


def test_without_a_table_of_mounts_nothing_is_judged(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "none") == ""
    assert place(f"sqlite:///{tmp_path}/journal.db", tmp_path / "none").path == tmp_path / "journal.db"
