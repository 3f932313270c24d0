# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, actions, addresses and fault codes of WS-Management, each with the section that defines it."""

from __future__ import annotations

# SOAP 1.2; WS-Addressing 2004/08, WS-Transfer and WS-Enumeration 2004/09 as DSP0226 fixes them (wire, prefix table).
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
CIM_BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
XML = "http://www.w3.org/XML/1998/namespace"

PREFIXES = {
    SOAP: "s",
    ADDRESSING: "a",
    TRANSFER: "x",
    ENUMERATION: "n",
    WSMAN: "w",
    CIM_BINDING: "b",
    MICROSOFT: "m",
    WSMAN_FAULT: "f",
    CIM: "cim",
    IDENTITY: "wsmid",
    XSI: "xsi",
    XS: "xs",
    XML: "xml",
}

NIL = f"{{{XSI}}}nil"
TYPE = f"{{{XSI}}}type"

ANONYMOUS = ADDRESSING + "/role/anonymous"

GET = TRANSFER + "/Get"
PUT = TRANSFER + "/Put"
CREATE = TRANSFER + "/Create"
DELETE = TRANSFER + "/Delete"
ENUMERATE = ENUMERATION + "/Enumerate"
PULL = ENUMERATION + "/Pull"
RELEASE = ENUMERATION + "/Release"

# wire E-01
WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

# wire U-01, U-06: the namespace is part of the address
MICROSOFT_CLASS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
# wire U-04, U-06: the namespace travels as a selector
DMTF_CLASS = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
DMTF_ALL = "http://schemas.dmtf.org/wbem/wscim/1/*"
NAMESPACE_SELECTOR = "__cimnamespace"
# wire M-01: classes themselves
CIM_XML = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"

# Fault codes by what the client does about them (wire section 10, "Codes a client must know").
RESOURCE_NOT_FOUND = 2150858752
INVALID_URIS = frozenset((2150858754, 2150858811))
NO_DATA_YET = 2150858780
TIMED_OUT = 2150858793
# The same said by WMI itself, in whatever the plug-in wraps it (wire F-06, table of HRESULTs).
# 0x80041032 is a call that was cancelled after its time: what came of it is not known either (errors.yml).
TIMED_OUTS = frozenset((TIMED_OUT, 0x80041069, 0x80041032))
# WMI's own: the provider failed, its transport did, or it is busy. Reading is worth another attempt.
READ_AGAIN = frozenset((0x80041004, 0x80041015, 0x80041045))
UNREPORTABLE_SUCCESS = 2150858829
TOO_LARGE = frozenset((2150858790, 2150858805, 2150858824, 2150858825))
# A body that does not fit the class, refused before execution: representation, schema, type, values (wire I-07, P-02).
BAD_VALUES = frozenset((2150858773, 2150858817, 2150858836, 2150858838))
# Said of the answer, when the work is done: the plug-in broke down, or the answer holds what XML cannot carry.
# 0x80041015: WMI lost its own connection on the way.
ANSWER_FAILED = frozenset((2150858883, 2150859018, 0x80041015))
# The enumeration is gone: start the list again.
ENUMERATION_LOST = frozenset((2150858779, 2150858884))
# Refused before execution (wire R-06, row "503, ..."); 0x80041033 is WMI shutting down.
REFUSED = frozenset(
    (
        2150858802,
        2150858815,
        2150859174,
        2150859175,
        2150859176,
        2150859237,
        2150859239,
        2150859240,
        2150859242,
        0x80041033,
    )
)
# Only a new session helps, and only reading is repeated for it.
RECONNECT = frozenset((2150858772, 2150858883, 2150859177, 2150859258))

# For services that send no code of Microsoft's (peers V-09, V-10): the code its subcode stands for.
SUBCODES = {
    "AccessDenied": 5,
    "DestinationUnreachable": RESOURCE_NOT_FOUND,
    "ActionNotSupported": 2150858771,
    "EndpointUnavailable": 2150858772,
    "InvalidRepresentation": 2150858773,
    "FilteringNotSupported": 2150858776,
    "FilterDialectRequestedUnavailable": 2150858777,
    "CannotProcessFilter": 2150858778,
    "InvalidEnumerationContext": 2150858779,
    "TimedOut": TIMED_OUT,
    "Concurrency": 2150858802,
    "AlreadyExists": 2150858803,
    "EncodingLimit": 2150858805,
    "InvalidParameter": 2150858810,
    "InvalidSelectors": 2150858813,
    "QuotaLimit": 2150858815,
    "SchemaValidationError": 2150858817,
    "UnsupportedFeature": 2150858818,
}
