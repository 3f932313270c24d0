# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the connection check behind the login: rights, the site, the role, what is visible. All of them read."""

from __future__ import annotations

from .._cim.session import AUTO, DMTF, WmiSession
from .._cim.types import STRING
from .._provider.errors import (
    ACCESS_DENIED,
    INVALID_NAMESPACE,
    LACKS_RIGHT,
    WSMAN_ACCESS_DENIED,
    AccessDenied,
    NamespaceMissing,
    ProviderError,
    explain,
)
from .._provider.site import ROOT, Location, Site, locations
from .._wsman.errors import WSManFault
from .check import Finding, Visit, failed, good

SERVICE_DENIED = 5  # wire H-14: refused before WMI was asked
SITE_COLUMNS = {"SiteCode": STRING, "SiteName": STRING, "Version": STRING}


def winrm_right(visit: Visit) -> Finding:
    """Whether WinRM lets the account use it: the first request behind the login (wire H-14)."""
    try:
        visit.locations = tuple(locations(WmiSession(visit.open_link, ROOT, visit.means.uri_style)))
    except WSManFault as told:
        fault = _in_the_other_style(visit, told)
        if fault is None:
            return good(f"{visit.user} may use WinRM")
        if fault.codes == {SERVICE_DENIED}:
            return failed(
                f"{visit.user} can log in, but may not use WinRM on {visit.endpoint.provider}",
                f"Put {visit.user} into the local group Remote Management Users of {visit.endpoint.provider}",
            )
        visit.denied = explain(fault, "Cannot read SMS_ProviderLocation", visit.endpoint.provider, visit.user)
    return good(f"{visit.user} may use WinRM")


def _in_the_other_style(visit: Visit, told: WSManFault) -> WSManFault | None:
    """A host that does not take the first form of address says so before it looks at rights: what it says in the other form."""
    if visit.means.uri_style != AUTO or told.codes & {ACCESS_DENIED, INVALID_NAMESPACE, *WSMAN_ACCESS_DENIED}:
        return told
    try:
        visit.locations = tuple(locations(WmiSession(visit.open_link, ROOT, DMTF)))
    except WSManFault as other:
        return other
    return None


def namespace(visit: Visit) -> Finding:
    """Whether WMI lets the account into root\\sms: SMS Admins (wire S-06)."""
    denied = visit.denied
    if denied is None:
        return good(f"{visit.user} may read root\\sms")
    fault = denied.fault if isinstance(denied, ProviderError) else None
    codes = fault.codes if fault else frozenset()
    if INVALID_NAMESPACE in codes or isinstance(denied, NamespaceMissing):
        return failed(
            f"{visit.endpoint.provider} has no namespace root\\sms, so no SMS Provider runs there",
            "Name a host that has an SMS Provider, such as the one the console connects to",
        )
    if ACCESS_DENIED in codes or codes & set(WSMAN_ACCESS_DENIED):
        return failed(
            f"{visit.user} may use WinRM on {visit.endpoint.provider}, but not the WMI namespace root\\sms",
            f"Make {visit.user} an administrative user in the console (Administration, Security): the site then puts the account "
            f"into the local group SMS Admins of {visit.endpoint.provider}",
        )
    raise denied


def site(visit: Visit) -> Finding:
    """Which site this host is a provider of (SMS_ProviderLocation)."""
    found, host = visit.locations, visit.endpoint.provider
    codes = sorted({each.site_code for each in found})
    local = sorted({each.site_code for each in found if each.local})
    if visit.site_code:
        code = visit.site_code.upper()
        if codes and code not in codes:
            return failed(
                f"{host} knows no SMS Provider of site {code}", f"Give one of these as site_code: {', '.join(codes)}"
            )
    elif not codes:
        return failed(
            f"SMS_ProviderLocation on {host} has no rows for {visit.user}",
            "Give site_code, and check that the account is in the local group SMS Admins there",
        )
    elif len(local) == 1 or len(codes) == 1:
        code = local[0] if len(local) == 1 else codes[0]
    else:
        return failed(f"{host} knows several sites and none as its own", f"Give site_code: one of {', '.join(codes)}")
    visit.site = Site(visit.means, visit.address, code, link=visit.link, style=visit.open_link.uri_style)
    machines = ", ".join(sorted({each.machine for each in found if each.site_code == code}))
    return good(f"site {code}, with providers on {machines}" if machines else f"site {code}")


def machine_of(found: tuple[Location, ...], code: str, host: str) -> str:
    """The host whose computer account stands for the provider of a site: as WMI names it, or as the user does."""
    return next((each.machine for each in found if each.site_code == code), host)


def sign_in(visit: Visit) -> Finding:
    """Whether the provider itself takes a session with user name and password (behaviour 5).

    root\\sms is WMI's own, so whoever gets in there and not into the site is refused by the provider.
    """
    here = visit.open_site
    visit.denied, visit.site_rows = None, ()
    try:
        visit.site_rows = tuple(here.list_of("SMS_Site", SITE_COLUMNS))
    except NamespaceMissing as missing:
        raise missing
    except ProviderError as refused:
        if refused.error_code & 0xFFFFFF00 == LACKS_RIGHT:
            visit.denied = refused
            return good("the provider takes a sign-in with user name and password")
        if not isinstance(refused, AccessDenied) and not refused.description:
            raise
        return failed(
            f"the provider of {here.where} refuses {visit.user}, though the account may read root\\sms{_words(refused)}",
            "An administrator may have raised the minimum sign-in strength: have a hierarchy administrator look at Hierarchy Settings, "
            "tab Authentication, and put the account among the exceptions",
        )
    return good("the provider takes a sign-in with user name and password")


def _words(refused: ProviderError) -> str:
    text = " ".join(refused.description.split()).rstrip(".")
    return f" ({text})" if text else ""


def role(visit: Visit) -> Finding:
    """Whether the account has a role: without one, queries have no rows (behaviour 4)."""
    here = visit.open_site
    rows = [row for row in visit.site_rows if (row["SiteCode"] or "").upper() == here.code] or list(visit.site_rows)
    if visit.denied is not None or not rows:
        return failed(
            f"nothing visible to {visit.user} at {here.where}: the account has no role in Configuration Manager",
            "Give the account a role in the console (Administration, Security, Administrative Users)",
        )
    first = rows[0]
    return good(
        f"{first['SiteName'] or 'a site without name'} ({first['SiteCode']}), version {first['Version'] or 'unknown'}"
    )


def scope(visit: Visit) -> Finding:
    """Whether any package is visible: one row is enough."""
    here = visit.open_site
    rows = here.rows("SMS_PackageBaseclass", {"PackageID": STRING, "Name": STRING})
    try:
        first = next(rows, None)
    except ProviderError as refused:
        if refused.error_code & 0xFFFFFF00 != LACKS_RIGHT:
            raise
        first = None
    finally:
        rows.close()  # type: ignore[attr-defined]
    if first is None:
        return failed(
            f"no package visible to {visit.user} at {here.where}: its role or its security scopes leave them out, or there is none",
            "Give the account Read on packages in its role, and the security scope of the packages it is to refresh",
        )
    return good(f"packages are visible, such as {first['PackageID']}")
