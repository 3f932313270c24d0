# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to find out about an assumption by reading. Each probe is named after the assumption it tells about.

Evidence is numbers, truth values and words of ours: nothing that a site made up ever goes into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union
from xml.etree.ElementTree import Element

from .._cim.types import STRING, TIME_FORMS, is_nil, is_plain_number
from .._provider.errors import INVALID_CLASS, INVALID_NAMESPACE, NOT_FOUND, RESOURCE_NOT_FOUND
from .._wsman import markup, names
from .._wsman.errors import WSManFault
from .need import FIRST_REAL_YEAR, WIDEST_ZONE, zone_of
from .observe import BASE, DMTF, MICROSOFT, SMALL_ENVELOPE, Look, Reply

Evidence = Mapping[str, Union[int, bool, str]]
# A class and a namespace that no site has.
NO_CLASS = "SMS_ThereIsNoSuchClass"
NO_NAMESPACE = "root/there_is_no_such_namespace"
_MI_OPTION = (("wmi:__MI_OPERATIONOPTIONS_WRITEERRORMODE", "1", "xs:unsignedInt"),)
_SITES = "SELECT SiteCode FROM SMS_Site"
_WMI = 0x8004


@dataclass(frozen=True)
class Told:
    """What a probe found: one of the answers, a number, or None where it cannot be told from what there is."""

    answer: str | None
    evidence: Evidence = field(default_factory=dict)


Probe = Callable[[Look], Told]
PROBES: dict[str, Probe] = {}


def probe(name: str) -> Callable[[Probe], Probe]:
    def register(function: Probe) -> Probe:
        PROBES[name] = function
        return function

    return register


def _either(found: bool, yes: str, no: str, **evidence: Any) -> Told:
    return Told(yes if found else no, evidence)


# -- addresses and codes -------------------------------------------------------------------------------------------


def _told_by_wmi(fault: WSManFault) -> bool:
    return bool(fault.extended) or any(code >> 16 == _WMI for code in fault.codes)


@probe("microsoft_uri")
def _microsoft_uri(look: Look) -> Told:
    reply = look.peek(_SITES, style=MICROSOFT)
    if reply.fault is None or _told_by_wmi(reply.fault):
        return Told("accepted", {"fault": reply.fault is not None})
    return Told("refused", {"code": reply.fault.code})


@probe("microsoft_uri_code")
def _microsoft_uri_code(look: Look) -> Told:
    reply = look.peek(_SITES, style=MICROSOFT)
    if reply.fault is None or _told_by_wmi(reply.fault):
        return Told(None, {"refused": False})
    return Told(str(reply.fault.code), {"refused": True})


@probe("unknown_class_code")
def _unknown_class_code(look: Look) -> Told:
    return _outer(look.peek(f"SELECT Name FROM {NO_CLASS}"), INVALID_CLASS)


@probe("unknown_namespace_code")
def _unknown_namespace_code(look: Look) -> Told:
    return _outer(look.peek("SELECT Name FROM SMS_Site", namespace=NO_NAMESPACE), INVALID_NAMESPACE)


def _outer(reply: Reply, inner: int) -> Told:
    """The outer code of a refusal, if it is the one that was provoked."""
    fault = reply.fault
    if fault is None or inner not in fault.codes or not _has_outer_code(reply):
        return Told(None, {"refused": fault is not None})
    return Told(str(fault.code), {"code": fault.code, "inner_code": fault.hresult or fault.inner_code})


def _has_outer_code(reply: Reply) -> bool:
    """Whether WinRM put a code of its own around what WMI says; an MSFT_WmiError has none (wire F-03)."""
    root = reply.root
    return root is not None and any(markup.local(each.tag) == "WSManFault" for each in root.iter())


@probe("wmi_outer_code")
def _wmi_outer_code(look: Look) -> Told:
    """Get of a class that is abstract and has no keys: there is no such object, and WMI says so in one of several ways."""
    reply = look.get("SMS_ObjectLock", {})
    fault = reply.fault
    codes = fault.codes if fault is not None else frozenset()
    wmi = [code for code in codes if code >> 16 == _WMI]
    if fault is None or not wmi or _WITH_OWN_CODE & set(wmi) or not _has_outer_code(reply):
        return Told(None, {"refused": fault is not None})
    return _either(fault.code in wmi, "hresult", "provider_failure", code=fault.code)


# WMI codes that WinRM has one of its own for (wire, code tables).
_WITH_OWN_CODE = frozenset(
    (NOT_FOUND, 0x80041003, 0x80041008, INVALID_NAMESPACE, INVALID_CLASS, 0x80041013, 0x80041017, 0x80041019, 0x80041024, 0x80041069)
)  # fmt: skip


@probe("wmi_error")
def _wmi_error(look: Look) -> Told:
    query = f"SELECT Name FROM {NO_CLASS}"
    plain = look.peek(query, style=DMTF)
    if plain.fault is None:
        return Told(None)
    if _is_wmi_error(plain):
        return Told("dmtf", {"without_options": True})
    asked = look.peek(query, style=DMTF, options=_MI_OPTION)
    if asked.fault is None:
        return Told(None)
    return _either(_is_wmi_error(asked), "mi_client", "never", without_options=False)


def _is_wmi_error(reply: Reply) -> bool:
    root = reply.root
    return root is not None and any(markup.local(each.tag) == "MSFT_WmiError" for each in root.iter())


@probe("fault_reason")
def _fault_reason(look: Look) -> Told:
    """A refusal of WinRM itself, a key that the class has not: where WMI refuses, the form is another question."""
    reply = look.get("SMS_Site", {"NoSuchKey": "0"})
    root = reply.root
    if root is None or reply.fault is None:
        return Told(None)
    texts = [each.text or "" for each in root.iter(f"{{{names.SOAP}}}Text")]
    return _either(any(text.strip() for text in texts), "text", "empty", elements=len(texts))


@probe("response_namespace_case")
def _response_namespace_case(look: Look) -> Told:
    """In the DMTF form no answer repeats the namespace."""
    namespace = look.namespace.replace("root/sms/", "Root/SMS/")
    if look.style == DMTF:
        return Told(None)
    reply = look.ask(names.GET, look.uri("SMS_Site", namespace=namespace), keys={"SiteCode": look.site.code})
    if reply.body is None:
        return Told(None)
    uri = markup.namespace(reply.body.tag)
    if f"/{namespace}/" in uri:
        return Told("request", {"lower": False})
    return _either(uri.lower() == uri or f"/{namespace.lower()}/" in uri, "lower", "other", lower=True)


# -- the form of answers -------------------------------------------------------------------------------------------


@probe("activity_id")
def _activity_id(look: Look) -> Told:
    root = look.peek(_SITES).root
    if root is None:
        return Told(None)
    return _either(any(markup.local(each.tag) == "ActivityId" for each in root.iter()), "present", "absent")


@probe("response_charset")
def _response_charset(look: Look) -> Told:
    return _either(look.peek(_SITES).is_utf16, "utf-16", "utf-8")


@probe("output_type")
def _output_type(look: Look) -> Told:
    """GetCurrentUser only says who asks."""
    uri = look.uri("SMS_Identification")
    body = f'<p:GetCurrentUser_INPUT xmlns:p="{uri}"/>'.encode()
    answer = look.ask(f"{uri}/GetCurrentUser", uri, body).body
    return Told(None) if answer is None else _either(names.TYPE in answer.attrib, "present", "absent")


@probe("context_options")
def _context_options(look: Look) -> Told:
    if look.peek(_SITES).fault is not None:
        return Told(None)
    fault = look.peek(_SITES, options=(("wmi:ApplicationName", "configmgr.content"),)).fault
    if fault is None:
        return Told("accepted", {"code": 0})
    return _either(fault.subcode == "InvalidOptions", "invalid", "refused", code=fault.code)


@probe("class_qualifiers")
def _class_qualifiers(look: Look) -> Told:
    found = look.schemas.of("SMS_Package")
    if found.source != "described":
        return Told(None, {"described": False})
    return _either(found.qualified, "present", "absent", properties=len(found.properties))


# -- lists and limits ----------------------------------------------------------------------------------------------


@probe("first_batch")
def _first_batch(look: Look) -> Told:
    reply = look.peek(f"SELECT PackageID FROM {BASE}")
    count = len(reply.items)
    if reply.fault is not None or (not reply.context and count < 2):
        return Told(None, {"items": count})
    return _either(count > 1, "full", "one", items=count)


@probe("byte_accounting")
def _byte_accounting(look: Look) -> Told:
    """A list in answers of 8 KB: an answer that is not the last one, and holds more than half of that, settles it.

    Answers that stay below half settle the other way only if the next row would have gone beyond it.
    """
    text = f"SELECT PackageID, Name, PkgSourcePath, SourceVersion, StoredPkgVersion, LastRefreshTime FROM {BASE}"
    reply = look.query(text, max_envelope=SMALL_ENVELOPE)
    half, rows, longest, pages = SMALL_ENVELOPE // 2, 0, 0, 0
    while reply.context and pages < 4:
        pages += 1
        if len(reply.items) > 1:
            rows += len(reply.items)
            longest = max(longest, reply.characters)
        reply = look.pull(reply.context, max_envelope=SMALL_ENVELOPE)
    look.release(reply.context)
    evidence = {"answers": pages, "rows": rows, "longest": longest}
    if not rows:
        return Told(None, evidence)
    return _either(longest <= half, "two", "one", **evidence)


@probe("winrm_config")
def _winrm_config(look: Look) -> Told:
    return _either(look.settings() is not None, "readable", "denied")


def _setting(name: str, path: str) -> None:
    def probe(look: Look) -> Told:
        value = (look.settings() or {}).get(path, "")
        return Told(value, {"value": int(value)}) if is_plain_number(value) else Told(None, {"readable": False})

    PROBES[name] = probe


_setting("max_envelope_kb", "MaxEnvelopeSizekb")
_setting("max_timeout_ms", "MaxTimeoutms")
_setting("max_batch_items", "MaxBatchItems")
_setting("enumeration_timeout_ms", "Service/EnumerationTimeoutms")


@probe("channel_binding")
def _channel_binding(look: Look) -> Told:
    found = look.settings() or {}
    value = next((text for path, text in found.items() if path.endswith("CbtHardeningLevel")), "").lower()
    return Told(value if value in ("relaxed", "strict", "none") else None, {"readable": bool(value)})


# -- values --------------------------------------------------------------------------------------------------------


def _dates(elements: Iterable[Element | None]) -> list[tuple[str, str]]:
    """Form and text of each date: the name of its own element, `text` where it has none."""
    found = []
    for each in elements:
        if each is None or is_nil(each):
            continue
        inner = next((below for below in each if markup.local(below.tag) in TIME_FORMS), None)
        found.append(("text", each.text or "") if inner is None else (markup.local(inner.tag), inner.text or ""))
    return found


def _zone_form(form: str, text: str) -> str:
    """How a date is sent, of which we know that it has no zone; empty where it has one after all."""
    if form == "CIM_DateTime" or re.match(r"\d{14}\.", text):
        return "dmtf" if text.endswith("***") else ""
    if text.endswith("Z"):
        return "z"
    return "" if re.search(r"[+-]\d\d:\d\d$", text) else "none"


def _zone_forms_of_schedules(look: Look) -> set[str]:
    """Schedules are in the time of the site server, which is no zone that is told (behaviour 21)."""
    starts = [
        each
        for sample in look.samples()
        for token in sample
        if markup.local(token.tag) == "RefreshSchedule" and not is_nil(token)
        for each in token.iter()
        if markup.local(each.tag) == "StartTime"
    ]
    return {_zone_form(form, text) for form, text in _dates(starts)} - {""}


@probe("datetime_without_zone")
def _datetime_without_zone(look: Look) -> Told:
    forms = _zone_forms_of_schedules(look)
    return Told(next(iter(forms)) if len(forms) == 1 else None, {"forms": len(forms)})


@probe("datetime_zone")
def _datetime_zone(look: Look) -> Told:
    """Told only where a date without zone looks different from one in Greenwich time."""
    without = _zone_forms_of_schedules(look)
    dates = [
        (form, text)
        for form, text in _dates(markup.child(sample, "LastRefreshTime") for sample in look.samples())
        if is_plain_number(text[:4]) and int(text[:4]) >= FIRST_REAL_YEAR  # older ones are constants (behaviour 22)
    ]
    if len(without) != 1 or not dates:
        return Told(None, {"dates": len(dates)})
    form = next(iter(without))
    if form == "z":
        return Told(None, {"dates": len(dates), "form": "z"})
    found = {_zone_form(*each) == form for each in dates}
    if len(found) != 1:
        return Told(None, {"dates": len(dates), "form": "mixed"})
    return _either(found.pop(), "+***", "+000", dates=len(dates), form=form)


@probe("null_array")
def _null_array(look: Look) -> Told:
    """Of packages without a schedule."""
    nil = absent = 0
    for sample in look.samples():
        found = [each for each in sample if markup.local(each.tag) == "RefreshSchedule"]
        absent += not found
        nil += any(is_nil(each) for each in found)
    if bool(nil) == bool(absent):
        return Told(None, {"nil": nil, "absent": absent})
    return _either(bool(nil), "nil", "absent", objects=nil + absent)


@probe("embedded_wrapper")
def _embedded_wrapper(look: Look) -> Told:
    wrapped = plain = 0
    for sample in look.samples():
        for token in sample:
            if markup.local(token.tag) == "RefreshSchedule" and len(token):
                only = len(token) == 1 and markup.local(token[0].tag).startswith("SMS_ST_")
                wrapped, plain = wrapped + only, plain + (not only)
    if bool(wrapped) == bool(plain):
        return Told(None, {"objects": wrapped + plain})
    return _either(bool(wrapped), "present", "absent", objects=wrapped + plain)


# -- the provider --------------------------------------------------------------------------------------------------


@probe("time_zone_info")
def _time_zone_info(look: Look) -> Told:
    texts = [row["TimeZoneInfo"] for row in look.site.list_of("SMS_Site", {"SiteCode": STRING, "TimeZoneInfo": STRING})]
    filled = [text for text in texts if text]
    if not filled:
        return Told(None, {"sites": len(texts)})
    read = [zone_of(text) != WIDEST_ZONE for text in filled]
    return _either(all(read), "words", "other", sites=len(filled), readable=sum(read))


@probe("get_by_base_class")
def _get_by_base_class(look: Look) -> Told:
    package_id = look.package_id()
    if not package_id:
        return Told(None, {"packages": 0})
    fault = look.get(BASE, {"PackageID": package_id}).fault
    if fault is None:
        return Told("derived")
    return Told("not_found" if fault.codes & {NOT_FOUND, RESOURCE_NOT_FOUND} else None, {"code": fault.code})


@probe("lazy_in_query")
def _lazy_in_query(look: Look) -> Told:
    """RefreshPkgSourceFlag is false whenever it is read (behaviour 42), so null is the query's doing."""
    items = look.peek("SELECT PackageID, RefreshPkgSourceFlag, ExtendedDataSize FROM SMS_Package").items
    if not items:
        return Told(None, {"rows": 0})
    found = [markup.child(items[0], name) for name in ("RefreshPkgSourceFlag", "ExtendedDataSize")]
    filled = [each for each in found if each is not None and not is_nil(each) and (each.text or "").strip()]
    return _either(bool(filled), "default", "null", rows=len(items))


@probe("lazy_in_where")
def _lazy_in_where(look: Look) -> Told:
    if look.peek("SELECT PackageID FROM SMS_Package WHERE PackageType = 99999").fault is not None:
        return Told(None)
    fault = look.peek("SELECT PackageID FROM SMS_Package WHERE ExtendedDataSize > 4294967294").fault
    return _either(fault is None, "value", "refused", code=fault.code if fault else 0)


@probe("join_rows")
def _join_rows(look: Look) -> Told:
    """Each site is joined with what the site tells of itself, so there is one row at least."""
    items = look.peek(
        "SELECT a.SiteCode, b.ThisSiteCode FROM SMS_Site AS a INNER JOIN SMS_Identification AS b ON a.SiteCode = b.ThisSiteCode"
    ).items
    if not items:
        return Told(None, {"rows": 0})
    forms = {"__Generic": "generic", "XmlFragment": "fragment"}
    return Told(forms.get(markup.local(items[0].tag)), {"rows": len(items)})


@probe("message_state_error")
def _message_state_error(look: Look) -> Told:
    """Only a site that has failed distributions can tell."""
    counts = {}
    for state in (3, 4):
        reply = look.peek(f"SELECT ID, MessageState FROM SMS_DistributionDPStatus WHERE MessageState = {state}")
        counts[state] = len(reply.items) if reply.fault is None else 0
    if bool(counts[3]) == bool(counts[4]):
        return Told(None, {"rows_of_3": bool(counts[3]), "rows_of_4": bool(counts[4])})
    return _either(bool(counts[3]), "3", "4", rows_of_3=bool(counts[3]), rows_of_4=bool(counts[4]))


@probe("members")
def _members(look: Look) -> Told:
    """By two members of each kind: some that only a live site showed, some that only the documentation has."""
    site, image = look.schemas.of("SMS_Site"), look.schemas.of("SMS_VhdPackage")
    if site.source != "described" or image.source != "described":
        return Told(None, {"described": False})
    live = site.property_named("ContentLibraryLocation") is not None
    documented = image.property_named("ImageDiskLayout") is not None
    if not live and not documented:
        return Told(None, {"live": live, "documented": documented})
    return Told("all" if live and documented else "2002" if live else "sdk", {"live": live, "documented": documented})
