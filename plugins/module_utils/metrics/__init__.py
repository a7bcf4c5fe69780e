# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers the queries of gates: one class a provider, found by the name that an inventory gives."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.metrics.prometheus import Prometheus

PROVIDERS = {Prometheus.NAME: Prometheus}
