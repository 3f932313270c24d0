# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM's own settings, as far as a host lets us see them: `winrm get winrm/config`, or what its answers show."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from . import envelope, markup, verbs
from .errors import NotExecuted, WSManFault
from .verbs import Link

# MS-WSMV; what `winrm get winrm/config` reads.
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
# With two bytes charged for a character (wire E-08), and with one, this stays below the default of 500 KB.
PROBE_BYTES = 250_000


def read(link: Link) -> Mapping[str, str] | None:
    """The settings by path, such as `Service/MaxConnections`; None where this account may not read them."""
    try:
        return _flat(verbs.get(link, CONFIG, ()))
    except WSManFault:
        return None


def _flat(element: Element, above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for each in element:
        path = above + markup.local(each.tag)
        if len(each):
            found.update(_flat(each, path + "/"))
        else:
            found[path] = (each.text or "").strip()
    return found


def takes_large_requests(link: Link) -> bool:
    """Whether the host takes a request of `PROBE_BYTES`: an Identify with blanks in it, which asks for nothing else (wire P-10)."""
    before, end, rest = envelope.identify().partition(b"</s:Envelope>")
    try:
        link.exchange(before + b" " * (PROBE_BYTES - len(before)) + end + rest, None)
    except NotExecuted as refused:
        if refused.transient:
            raise
        return False
    except WSManFault:  # it was read, whatever is thought of it
        return True
    return True
