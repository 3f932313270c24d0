# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the connection check, in the order in which somebody would put things right."""

from __future__ import annotations

from . import check_host, check_login, check_reach, check_report, check_share, check_site
from .check import Step

# The clock comes before the login: a skewed one is why Kerberos fails.
STEPS = (
    Step("libraries", "Libraries", (), check_login.libraries),
    Step("name", "Name resolution", (), check_reach.name),
    Step("port", "Port", ("name",), check_reach.port),
    Step("tls", "TLS", ("port",), check_reach.tls),
    Step("service", "WinRM service", ("tls",), check_reach.service),
    Step("clock", "Clocks", ("service",), check_reach.clock),
    Step("offer", "Methods offered", ("service",), check_login.offer),
    Step("credssp", "CredSSP at the host", ("offer",), check_login.credssp),
    Step("login", "Login", ("libraries", "offer", "clock"), check_login.login),
    Step("other_logins", "Logins by other methods", ("login",), check_login.other_logins),
    Step("winrm_right", "Right to use WinRM", ("login",), check_site.winrm_right),
    Step("namespace", "Right to use WMI (SMS Admins)", ("winrm_right",), check_site.namespace),
    Step("site", "Site", ("namespace",), check_site.site),
    Step("sign_in", "Sign-in strength", ("site",), check_site.sign_in),
    Step("role", "Role", ("sign_in",), check_site.role),
    Step("scope", "Security scope", ("role",), check_site.scope),
    Step("second_hop", "Second hop", ("role",), check_share.second_hop),
    Step("report", "Fidelity report", ("role",), check_report.report),
    Step("envelope", "Size of messages", ("winrm_right",), check_host.envelope),
    Step("longest_call", "Longest call", ("envelope",), check_host.longest_call),
    Step("limits", "Quotas", ("envelope",), check_host.limits),
)
