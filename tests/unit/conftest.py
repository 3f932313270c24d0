# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the property tests: the same examples every time, no time limits, nothing kept on disk."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("configmgr", max_examples=60, deadline=None, database=None, derandomize=True)
settings.load_profile("configmgr")
