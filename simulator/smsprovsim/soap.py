# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes: a request read and its headers checked, answers and faults written the way Windows writes them.

Requests are parsed with lxml; answers are written as text, because they are large, regular and need a fixed form.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from . import names
from .model import CimDateTime, WmiError
from .wsmanfault import CIM_STATUS, WSManFault

MACHINE = "cm01.contoso.test"

_KNOWN_HEADERS = {
    names.ADDRESSING: {"To", "ReplyTo", "FaultTo", "From", "Action", "MessageID", "RelatesTo"},
    names.WSMAN: {
        "ResourceURI",
        "MaxEnvelopeSize",
        "OperationTimeout",
        "Locale",
        "SelectorSet",
        "OptionSet",
        "FragmentTransfer",
    },
    names.MICROSOFT: {"DataLocale", "SessionId", "OperationID", "SequenceId"},
}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SPECIAL = re.compile("[&<>\r]")
_UNSAFE = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?")


def escape(text: str) -> str:
    """Text for an element (wire T-10)."""
    return _SPECIAL.sub(lambda found: _ENTITIES[found.group()], text) if _SPECIAL.search(text) else text


def attribute(text: str) -> str:
    """Text for an attribute in double quotes."""
    return escape(text).replace('"', "&quot;")


def safe(text: str, switches: Mapping[str, str]) -> str:
    """Text of a value for an element: escaped, and without what XML cannot carry. ASSUMED: illegal_characters"""
    if not _UNSAFE.search(text):
        return text
    if _ILLEGAL.search(text):
        if switches["illegal_characters"] == "fault":
            raise WSManFault(2150859018)
        text = _ILLEGAL.sub("?", text)
    return escape(text)


@dataclass
class Fragment:
    """The FragmentTransfer header."""

    path: str
    dialect: str
    must_understand: bool


@dataclass
class Envelope:
    """A request. The header fields are filled by `read_headers`."""

    root: Any
    header: Any
    body: Any
    message_id: str = ""
    action: str = ""
    resource_uri: str = ""
    max_envelope: int | None = None
    timeout: float | None = None  # seconds
    selectors: list[tuple[str, str]] = field(default_factory=list)
    options: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, Type attribute
    fragment: Fragment | None = None

    @property
    def content(self) -> Any:
        """The one element of the body, or None."""
        return self.body[0] if len(self.body) else None

    @property
    def is_identify(self) -> bool:
        """Whether the body asks Identify (wire A-01)."""
        return self.content is not None and self.content.tag == f"{{{names.IDENTITY}}}Identify"


def parse(body: bytes, charset: str | None) -> Envelope:
    """Read an envelope; raises `WSManFault` when it is none."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    if charset and charset.lower() not in ("utf-8", "utf-16"):
        raise WSManFault(2150858796)
    if charset and charset.lower() == "utf-16" and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        body = b"\xff\xfe" + body
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise WSManFault(2150858819, f"The request is not well-formed XML: {error}") from None
    document: Any = root.getroottree().docinfo
    if document is not None and document.doctype:
        raise WSManFault(2150858819, "The request holds a document type declaration.")
    if document is not None and (document.encoding or "UTF-8").upper() not in (
        "UTF-8",
        "UTF-16",
        "UTF-16LE",
        "UTF-16BE",
        "ASCII",
        "US-ASCII",
    ):
        raise WSManFault(2150858796)
    if root.tag != f"{{{names.SOAP}}}Envelope":
        raise WSManFault(2150858791, "The request is no SOAP 1.2 envelope.", subcode="s:VersionMismatch")
    header = root.find(f"{{{names.SOAP}}}Header")
    content = root.find(f"{{{names.SOAP}}}Body")
    if content is None or len(content) > 1:
        raise WSManFault(2150858791)
    envelope = Envelope(root, header if header is not None else etree.Element(f"{{{names.SOAP}}}Header"), content)
    identifier = envelope.header.find(f"{{{names.ADDRESSING}}}MessageID")
    if identifier is not None:
        envelope.message_id = (identifier.text or "").strip()
    return envelope


def read_headers(envelope: Envelope) -> None:
    """Check and read the headers (wire H-04 to H-13); raises `WSManFault`."""
    found: dict[str, Any] = {}
    for element in envelope.header:
        name = etree.QName(element)
        must = _must_understand(element)
        if name.localname not in _KNOWN_HEADERS.get(name.namespace or "", ()):
            if must:
                raise WSManFault(2150858768, f"The header {name.localname} must be understood, and is not known.")
            continue
        if name.localname in found and name.namespace != names.MICROSOFT:
            raise WSManFault(2150858767, f"The header {name.localname} is given twice.")
        if name.localname in ("Locale", "DataLocale") and must:
            raise WSManFault(2150858887)
        found.setdefault(name.localname, element)
    for required in ("Action", "MessageID", "To", "ReplyTo"):
        if required not in found:
            raise WSManFault(2150858769, f"The header {required} is missing.")
    for address in ("ReplyTo", "FaultTo"):
        if (
            address in found
            and (found[address].findtext(f"{{{names.ADDRESSING}}}Address") or "").strip() != names.ANONYMOUS
        ):
            raise WSManFault(2150858887, f"{address} is not the anonymous address.", detail="AddressingMode")
    if not 1 <= len(envelope.message_id.encode()) <= 2048:
        raise WSManFault(2150858767, "MessageID must have 1 to 2048 characters.")
    envelope.action = _text(found["Action"])
    if "ResourceURI" not in found:
        raise WSManFault(2150858811)
    envelope.resource_uri = _text(found["ResourceURI"])
    envelope.max_envelope = _max_envelope(found.get("MaxEnvelopeSize"))
    envelope.timeout = _timeout(found.get("OperationTimeout"))
    if "SelectorSet" in found:
        envelope.selectors = _selectors(found["SelectorSet"])
    if "OptionSet" in found:
        envelope.options = _options(found["OptionSet"])
    if "FragmentTransfer" in found:
        element = found["FragmentTransfer"]
        envelope.fragment = Fragment(
            _text(element), element.get("Dialect") or names.XPATH_DIALECT, _must_understand(element)
        )


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _must_understand(element: Any) -> bool:
    return str(element.get(f"{{{names.SOAP}}}mustUnderstand") or "").strip().lower() in ("true", "1")


def _max_envelope(element: Any) -> int | None:
    if element is None:
        return None
    if not re.fullmatch(r"\d{1,12}", _text(element)):
        raise WSManFault(2150858823)
    if int(_text(element)) < 8192:
        raise WSManFault(2150858878)
    return int(_text(element))


def _timeout(element: Any) -> float | None:
    if element is None:
        return None
    match = _DURATION.fullmatch(_text(element))
    if not match or not any(match.groups()):
        raise WSManFault(2150858881)
    days, hours, minutes, seconds = (float(each or 0) for each in match.groups())
    timeout = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if timeout < 0.5:
        raise WSManFault(2150858764)
    return timeout


def _selectors(element: Any) -> list[tuple[str, str]]:
    selectors: list[tuple[str, str]] = []
    for each in element:
        if each.tag != f"{{{names.WSMAN}}}Selector" or not each.get("Name"):
            raise WSManFault(2150858813, "The SelectorSet holds something else than named selectors.")
        name = each.get("Name")
        if any(name.casefold() == known.casefold() for known, _unused in selectors):
            raise WSManFault(2150858847, f"The selector {name} is given twice.")
        if len(each):
            raise WSManFault(2150858844, f"The selector {name} is a reference; no class here has such a key.")
        selectors.append((name, each.text or ""))
    return selectors


def _options(element: Any) -> list[tuple[str, str, str]]:
    options: list[tuple[str, str, str]] = []
    for each in element:
        name = each.get("Name")
        if each.tag != f"{{{names.WSMAN}}}Option" or not name:
            raise WSManFault(2150858809)
        repeated = any(name.casefold() == known.casefold() for known, _unused, _unused in options)
        if repeated and not name.lower().startswith("wmiarray:"):
            # ASSUMED: no source gives the number; w:InvalidOptions is what the specification suggests.
            raise WSManFault(2150858809, f"The option {name} is given twice.")
        options.append((name, each.text or "", (each.get("Type") or "").rpartition(":")[2]))
    return options


# Answers

_HEAD = (
    f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:x="{names.TRANSFER}"'
    f' xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}" xmlns:m="{names.MICROSOFT}"><s:Header>'
)
_TAIL = "</s:Body></s:Envelope>"


def write(action: str, relates_to: str, body: str, *, extra_header: str = "", activity: bool = False) -> str:
    """An answer around `body` (wire H-09)."""
    return (
        f"{_HEAD}<a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        + (f"<m:ActivityId>{str(uuid.uuid4()).upper()}</m:ActivityId>" if activity else "")
        + f"<a:To>{names.ANONYMOUS}</a:To>"
        + (f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else "")
        + f"{extra_header}</s:Header><s:Body>{body}{_TAIL}"
    )


def write_identify(*, anonymous: bool) -> str:
    """The answer to Identify (wire A-01); without a login it tells neither system nor service pack."""
    version = "OS: 0.0.0 SP: 0.0 Stack: 3.0" if anonymous else "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
        f"<wsmid:ProtocolVersion>{names.WSMAN}</wsmid:ProtocolVersion>"
        f"<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{version}</wsmid:ProductVersion>"
        f"</wsmid:IdentifyResponse>{_TAIL}"
    )


def write_fault(fault: WSManFault, switches: Mapping[str, str], *, address: str, mi_error: bool) -> str:
    """The body of a fault: WSManFault, in it ProviderFault, in it WSManFault and ExtendedError (wire F-01 to F-04)."""
    if fault.inner is not None and mi_error:
        return _soap_fault("s:Receiver", "w:InternalError", "", _mi_error(fault.inner))
    empty = switches["fault_reason"] == "empty"  # ASSUMED: fault_reason
    detail = f"<w:FaultDetail>{names.FAULT_DETAIL}{fault.detail}</w:FaultDetail>" if fault.detail else ""
    detail += (
        f'<f:WSManFault xmlns:f="{names.WSMAN_FAULT}" Code="{fault.code}" Machine="{attribute(address)}"><f:Message>'
    )
    if fault.inner is None:
        detail += escape(fault.text)
    else:
        detail += _provider_fault(fault, fault.inner)
    detail += "</f:Message></f:WSManFault>"
    if fault.subcode == "s:MustUnderstand":
        return _soap_fault("s:MustUnderstand", None, "" if empty else fault.text, detail, empty)
    return _soap_fault(f"s:{fault.side}", fault.subcode, "" if empty else fault.text, detail, empty)


def _soap_fault(code: str, subcode: str | None, reason: str, detail: str, no_language: bool = False) -> str:
    inner = f"<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode>" if subcode else ""
    bound = f' xmlns:b="{names.BINDING}"' if subcode and subcode.startswith("b:") else ""
    return (
        f"<s:Fault{bound}><s:Code><s:Value>{code}</s:Value>{inner}</s:Code>"
        f'<s:Reason><s:Text xml:lang="{"" if no_language else "en-US"}">{escape(reason)}</s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )


# Properties of the two status classes in order of their names; True: unsigned int, False: string.
_EXTENDED = {
    "__ExtendedStatus": {"Description": False, "Operation": False, "ParameterInfo": False, "ProviderName": False, "StatusCode": True},
    "SMS_ExtendedStatus": {
        "CauseInfo": False, "Description": False, "ErrorCode": True, "File": False, "Line": True, "ObjectInfo": False, "Operation": False,
        "ParameterInfo": False, "ProviderName": False, "SQLMessage": False, "SQLSeverity": True, "SQLStatus": True, "StatusCode": True,
    },
}  # fmt: skip


def _provider_fault(fault: WSManFault, error: WmiError) -> str:
    hresult = error.hresult & 0xFFFFFFFF
    # The capture of a missing object repeats the outer code; HRESULTs without a WSMan code, and bad queries, show themselves.
    code = fault.code if hresult in (0x80041002, 0x80041008, 0x80041019, 0x80041024, 0x80041069) else hresult
    return (
        r'<f:ProviderFault provider="WMI Provider" path="C:\Windows\system32\WsmWmiPl.dll">'
        f'<f:WSManFault Code="{code}" Machine="{MACHINE}"><f:Message>{escape(fault.text)}</f:Message></f:WSManFault>'
        f"<f:ExtendedError>{_extended_status(error)}</f:ExtendedError></f:ProviderFault>"
    )


def _extended_status(error: WmiError) -> str:
    name = error.extended_class
    declared = dict(_EXTENDED.get(name, _EXTENDED["__ExtendedStatus"]))
    for extra, value in error.extended.items():
        declared.setdefault(extra, isinstance(value, int) and not isinstance(value, bool))
    parts = [
        f'<e:{name} xmlns:xsi="{names.XSI}" xmlns:e="{names.DMTF_PREFIX}{name}" xmlns:cim="{names.CIM}" xsi:type="e:{name}_Type">'
    ]
    for key in sorted(declared, key=str.casefold):
        value = error.extended.get(key)
        kind = "cim:cimUnsignedInt" if declared[key] else "cim:cimString"
        if value is None:
            parts.append(f'<e:{key} xsi:nil="true" xsi:type="{kind}"/>')
        else:
            if isinstance(value, CimDateTime):
                value = value.text
            parts.append(f'<e:{key} xsi:type="{kind}">{escape(_ILLEGAL.sub("?", str(value)))}</e:{key}>')
    parts.append(f"</e:{name}>")
    return "".join(parts)


def _mi_error(error: WmiError) -> str:
    hresult = error.hresult & 0xFFFFFFFF
    message = str(error.extended.get("Description") or error.message)
    values: list[tuple[str, str, Any]] = [
        ("CIMStatusCode", "UnsignedInt", CIM_STATUS.get(hresult, 1)),
        ("CIMStatusCodeDescription", "String", None),
        ("ErrorSource", "String", None),
        ("ErrorSourceFormat", "UnsignedShort", 0),
        ("ErrorType", "UnsignedShort", 0),
        ("Message", "String", message),
        ("MessageID", "String", f"HRESULT 0x{hresult:08x}"),
        ("OtherErrorSourceFormat", "String", None),
        ("OtherErrorType", "String", None),
        ("OwningEntity", "String", None),
        ("PerceivedSeverity", "UnsignedShort", 0),
        ("ProbableCause", "UnsignedShort", 0),
        ("ProbableCauseDescription", "String", None),
        ("error_Category", "UnsignedInt", 0),
        ("error_Code", "UnsignedInt", hresult),
        ("error_Type", "String", "HRESULT"),
        ("error_WindowsErrorMessage", "String", message),
    ]
    parts = [
        f'<e:MSFT_WmiError xmlns:xsi="{names.XSI}" xmlns:b="{names.BINDING}" xmlns:e="{names.DMTF_PREFIX}MSFT_WmiError"'
        f' xmlns:cim="{names.CIM}" b:IsCIM_Error="true" xsi:type="e:MSFT_WmiError_Type">'
    ]
    for name, kind, value in values:
        if value is None:
            parts.append(f'<e:{name} xsi:type="cim:cim{kind}" xsi:nil="true"/>')
        else:
            parts.append(f'<e:{name} xsi:type="cim:cim{kind}">{escape(str(value))}</e:{name}>')
    parts.append("</e:MSFT_WmiError>")
    return "".join(parts)
