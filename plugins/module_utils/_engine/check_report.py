# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of the connection check: the fidelity report, where one was asked for."""

from __future__ import annotations

from .check import Finding, Visit, good, skipped


def report(visit: Visit) -> Finding:
    """Write the fidelity report of the site."""
    if not visit.report:
        return skipped("no report was asked for, or this is check mode")
    from .fidelity import write_report

    told = write_report(visit.open_site, visit.report, visit.report_site_names)
    visit.other_requests += told["requests"]
    counts = f"{told['confirmed']} assumptions confirmed, {told['refuted']} refuted, {told['could_not_tell']} could not be told"
    return good(f"{told['path']}: {counts}")
