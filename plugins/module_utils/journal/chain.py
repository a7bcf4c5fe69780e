# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chain of entries proves: nothing changed, nothing missing in the middle, nothing put in between.

A cut tail and a chain that was wholly written anew prove themselves just as well. So the heads of all chains are kept
somewhere else too (release state, report), and handed in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import (
    INTENT,
    RESULT,
    canonical,
    digest,
    entry_hash,
    genesis,
)


def check(rows: Sequence[Mapping[str, Any]], anchors: Mapping[str, str] | None = None) -> list[str]:
    """Sentences about what is wrong, none if all is well.

    :param rows: entries of one release as stored, ordered by writer and seq
    :param anchors: writer -> hash of its head as seen at an earlier time
    """
    problems: list[str] = []
    chains: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        chains.setdefault(row["writer"], []).append(row)
    for writer, chain in chains.items():
        problems += _check_chain(writer, chain)
    problems += _check_results(rows)
    for writer, hash_ in (anchors or {}).items():
        if all(row["hash"] != hash_ for row in chains.get(writer, ())):
            problems.append(f"Chain {writer} no longer holds the entry {hash_[:12]} that was seen before.")
    return problems


def head(heads: Mapping[str, str]) -> str:
    """One hash over the heads of all chains (writer -> hash), to be kept where space is short."""
    return digest(canonical(dict(heads)))


def _check_chain(writer: str, chain: Sequence[Mapping[str, Any]]) -> list[str]:
    problems: list[str] = []
    expected, previous = 1, genesis(writer)
    for row in chain:
        seq = row["seq"]
        if seq != expected:
            problems.append(f"Chain {writer} goes from entry {expected - 1} to {seq}.")
        elif row["prev_hash"] != previous:
            problems.append(f"Entry {seq} of chain {writer} does not follow the one before it.")
        if entry_hash(dict(row)) != row["hash"]:
            problems.append(f"Entry {seq} of chain {writer} was changed after it was written.")
        expected, previous = seq + 1, row["hash"]
    return problems


def _check_results(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    intents = {(row["writer"], row["seq"]) for row in rows if row["kind"] == INTENT}
    return [
        f"Entry {row['seq']} of chain {row['writer']} is the result of an intent that is not there."
        for row in rows
        if row["kind"] == RESULT and (row["intent_writer"], row["intent_seq"]) not in intents
    ]
