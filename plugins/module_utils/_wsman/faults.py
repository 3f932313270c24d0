# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault XML to WSManFault, in all the shapes that services send (wire F-01 to F-06, peers V-09, V-10)."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from . import markup, names
from .errors import WSManFault

_HRESULT = re.compile(r"0x([0-9A-Fa-f]{8})\b")
# Leaves of an error object that hold an HRESULT of WMI: MSFT_WmiError, then __ExtendedStatus and SMS_ExtendedStatus.
_CODE_LEAVES = ("error_Code", "StatusCode", "ErrorCode")
_WSMAN_FAULT = f"{{{names.WSMAN_FAULT}}}WSManFault"


def _number(text: str | None) -> int:
    """A code as an unsigned 32-bit number, 0 if there is none. WMI's own layer shows the same numbers signed."""
    try:
        return int((text or "").strip(), 0) & 0xFFFFFFFF
    except ValueError:
        return 0


def _unprefixed(text: str | None) -> str:
    return (text or "").strip().rpartition(":")[2]


def read_fault(fault: Element) -> WSManFault:
    """The fault behind an s:Fault element. Dispatch on codes only: subcodes differ between services (wire, section 10)."""
    soap = f"{{{names.SOAP}}}"
    values = fault.findall(f"{soap}Code//{soap}Value")
    subcode = _unprefixed(values[-1].text) if values else ""
    reason = " ".join(" ".join(each.itertext()) for each in fault.findall(f"{soap}Reason/{soap}Text")).strip()
    detail = fault.find(f"{soap}Detail")
    if detail is None:
        return WSManFault(reason, code=names.SUBCODES.get(subcode, 0), subcode=subcode)

    coded = [_number(each.get("Code")) for each in detail.iter(_WSMAN_FAULT)]
    code = coded[0] if coded else 0
    inner = coded[-1] if len(coded) > 1 else 0
    provider = next(
        (each.get("provider", "") for each in detail.iter() if markup.local(each.tag) == "ProviderFault"), ""
    )

    extended = _error_object(detail)
    leaves = dict(markup.leaves(extended)) if extended is not None else {}
    hresult = _hresult(leaves)
    if not code:
        code = hresult or names.SUBCODES.get(subcode, 0)
    return WSManFault(
        reason or _message(detail, leaves),
        code=code,
        inner_code=inner,
        hresult=hresult,
        subcode=subcode,
        fault_detail=(detail.findtext(f"{{{names.WSMAN}}}FaultDetail") or "").strip(),
        details=tuple(markup.leaves(detail)),
        extended=leaves,
        extended_class=_class_name(extended) if extended is not None else "",
        provider=provider,
    )


def _error_object(detail: Element) -> Element | None:
    """The object under f:ExtendedError, or the CIM error that stands in the detail itself (wire F-03, F-04)."""
    for each in detail.iter():
        if markup.local(each.tag) == "ExtendedError" and len(each):
            return each[0]
    marked = f"{{{names.CIM_BINDING}}}IsCIM_Error"
    for each in detail:
        if each.get(marked, "").lower() == "true" or markup.local(each.tag) in (
            "MSFT_WmiError",
            "OMI_Error",
            "CIM_Error",
        ):
            return each
    # wire Q-08: an SMS_ExtendedStatus may stand anywhere
    return next((each for each in detail.iter() if markup.local(each.tag).endswith("_ExtendedStatus")), None)


def _class_name(extended: Element) -> str:
    named = markup.local(extended.get(names.TYPE, ""))
    return named[: -len("_Type")] if named.endswith("_Type") else markup.local(extended.tag)


def _hresult(leaves: dict[str, str]) -> int:
    for name in _CODE_LEAVES:
        number = _number(leaves.get(name))
        if number >= 0x80000000:
            return number
    spelled = _HRESULT.search(leaves.get("MessageID", ""))
    return int(spelled.group(1), 16) if spelled else 0


def _message(detail: Element, leaves: dict[str, str]) -> str:
    """The best text there is when Reason is empty: the innermost f:Message, then the error object's own words."""
    texts = [
        (each.text or "").strip()
        for each in detail.iter()
        if markup.local(each.tag) in ("Message", "ProviderFault") and markup.namespace(each.tag) == names.WSMAN_FAULT
    ]
    texts += [
        leaves.get(name, "") for name in ("Description", "Message", "error_WindowsErrorMessage", "OMI_ErrorMessage")
    ]
    return next((text for text in texts if text), "")
