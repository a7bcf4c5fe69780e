# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic between stable and canary: one class for each kind of object that can weight it."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import HTTPRoute, Traffic

__all__ = ["PROVIDERS", "HTTPRoute", "Traffic"]

PROVIDERS = {HTTPRoute.NAME: HTTPRoute}
