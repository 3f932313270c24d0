# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management faults: codes with their SOAP columns (wire F-01 to F-06 and the code table), and how WMI's map to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .model import WmiError


@dataclass(frozen=True)
class FaultKind:
    """The SOAP columns of a code: Sender or Receiver, the subcode, the last part of the fault detail URI."""

    side: str
    subcode: str
    detail: str | None
    text: str


class WSManFault(Exception):
    """A fault to be answered. `inner` is the WMI error that the plug-in wraps, if there is one."""

    def __init__(
        self,
        code: int,
        text: str | None = None,
        *,
        subcode: str | None = None,
        detail: str | None = None,
        inner: WmiError | None = None,
    ) -> None:
        kind = KINDS.get(code, _UNKNOWN)
        self.code = code
        self.side = kind.side
        self.subcode = subcode or kind.subcode
        self.detail = detail if detail is not None else kind.detail
        self.text = text if text is not None else kind.text
        self.inner = inner
        super().__init__(f"{code}: {self.text}")

    @property
    def action(self) -> str:
        """The Action header of the fault, by the namespace of its subcode (wire F-05)."""
        return _ACTIONS.get(self.subcode.partition(":")[0], _ACTIONS["w"])


_ACTIONS = {
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer/fault",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
}

_UNKNOWN = FaultKind("Receiver", "w:InternalError", None, "The WS-Management service cannot process the request.")


def _sender(subcode: str, text: str, detail: str | None = None) -> FaultKind:
    return FaultKind("Sender", subcode, detail, text)


def _receiver(subcode: str, text: str, detail: str | None = None) -> FaultKind:
    return FaultKind("Receiver", subcode, detail, text)


_HEADER = "a:InvalidMessageInformationHeader"

KINDS: dict[int, FaultKind] = {
    5: _sender("w:AccessDenied", "Access is denied."),
    2150858752: _sender(
        "a:DestinationUnreachable",
        "The service found no resource for this resource URI and these selectors.",
        "InvalidResourceURI",
    ),
    2150858753: _sender("a:ActionNotSupported", "The action URI is not valid."),
    2150858754: _sender("a:DestinationUnreachable", "The resource URI is not valid.", "InvalidResourceURI"),
    2150858755: _receiver("w:InternalError", "The provider failed to carry out the request."),
    2150858758: _sender("w:Concurrency", "A Pull is already under way on this enumeration."),
    2150858764: _sender("w:UnsupportedFeature", "The operation timeout is not supported.", "OperationTimeout"),
    2150858767: _sender(_HEADER, "A message header is not valid."),
    2150858768: _sender("s:MustUnderstand", "A header that must be understood is not known."),
    2150858769: _sender("a:MessageInformationHeaderRequired", "A required message header is missing."),
    2150858770: _sender("a:DestinationUnreachable", "The destination is unreachable."),
    2150858771: _sender("a:ActionNotSupported", "The action is not supported by the service."),
    2150858772: _receiver("a:EndpointUnavailable", "The endpoint is not available now."),
    2150858773: _sender("x:InvalidRepresentation", "The XML representation is not valid."),
    2150858776: _sender("n:FilteringNotSupported", "Filtering is not supported."),
    2150858777: _sender("n:FilterDialectRequestedUnavailable", "The filter dialect is not supported."),
    2150858778: _sender("n:CannotProcessFilter", "The filter cannot be processed."),
    2150858779: _receiver("n:InvalidEnumerationContext", "The enumeration context is not valid."),
    2150858780: _receiver("n:TimedOut", "No items arrived in time."),
    2150858790: _sender("w:EncodingLimit", "The response is larger than allowed."),
    2150858791: _sender("w:SchemaValidationError", "The SOAP body is not valid."),
    2150858793: _receiver("w:TimedOut", "The operation did not end within the time allowed."),
    2150858796: _sender("w:EncodingLimit", "The encoding is not supported.", "CharacterSet"),
    2150858802: _sender("w:Concurrency", "The resource is in use by another request."),
    2150858803: _sender("w:AlreadyExists", "The resource exists already."),
    2150858805: _sender("w:EncodingLimit", "An encoding limit was exceeded."),
    2150858809: _sender("w:InvalidOptions", "An option is not valid."),
    2150858810: _sender("w:InvalidParameter", "A parameter is not valid."),
    2150858811: _sender("a:DestinationUnreachable", "The resource URI is missing or not valid.", "InvalidResourceURI"),
    2150858813: _sender("w:InvalidSelectors", "The selectors are not valid."),
    2150858815: _sender("w:QuotaLimit", "The service is busy with other requests."),
    2150858817: _sender("w:SchemaValidationError", "The request does not follow the schema."),
    2150858818: _sender("w:UnsupportedFeature", "The request needs a feature that is not supported."),
    2150858819: _sender("w:InternalError", "The request is not well-formed XML.", "Invalid"),
    2150858823: _sender("w:EncodingLimit", "MaxEnvelopeSize is not valid.", "MaxEnvelopeSize"),
    2150858824: _sender(
        "w:EncodingLimit", "The response would exceed the MaxEnvelopeSize of the request.", "MaxEnvelopeSizeExceeded"
    ),
    2150858825: _sender(
        "w:EncodingLimit", "The response would exceed the envelope limit of the service.", "ServiceEnvelopeLimit"
    ),
    2150858829: _receiver("w:EncodingLimit", "The operation succeeded but cannot be reported.", "UnreportableSuccess"),
    2150858836: _sender("w:InvalidParameter", "A parameter has the wrong type.", "TypeMismatch"),
    2150858837: _sender("w:InvalidParameter", "There is no parameter of this name.", "InvalidName"),
    2150858838: _sender(
        "x:InvalidRepresentation", "The representation holds values that are not valid.", "InvalidValues"
    ),
    2150858839: _sender("x:InvalidRepresentation", "The representation lacks values.", "MissingValues"),
    2150858840: _sender("x:InvalidRepresentation", "The representation is in the wrong namespace.", "InvalidNamespace"),
    2150858841: _sender("x:InvalidRepresentation", "The fragment is not valid.", "InvalidFragment"),
    2150858842: _sender("w:InvalidSelectors", "There are not enough selectors.", "InsufficientSelectors"),
    2150858843: _sender("w:InvalidSelectors", "A selector names no key.", "UnexpectedSelectors"),
    2150858844: _sender("w:InvalidSelectors", "A selector has the wrong type.", "TypeMismatch"),
    2150858845: _sender("w:InvalidSelectors", "A selector has a value that is not valid.", "InvalidValue"),
    2150858846: _sender("w:InvalidSelectors", "The selectors are ambiguous.", "AmbiguousSelectors"),
    2150858847: _sender("w:InvalidSelectors", "A selector is given twice.", "DuplicateSelectors"),
    2150858851: _sender("w:AlreadyExists", "The resource exists already."),
    2150858871: _sender("w:UnsupportedFeature", "This fragment is not supported.", "FragmentLevelAccess"),
    2150858878: _sender("w:EncodingLimit", "MaxEnvelopeSize is smaller than 8192.", "MinimumEnvelopeLimit"),
    2150858881: _sender(_HEADER, "The operation timeout is not valid.", "InvalidTimeout"),
    2150858883: _receiver("w:InternalError", "The plug-in failed."),
    2150858884: _receiver("n:InvalidEnumerationContext", "The enumeration ended with an earlier failure."),
    2150858886: _sender("w:UnsupportedFeature", "The enumeration mode is not supported.", "EnumerationMode"),
    2150858887: _sender("w:UnsupportedFeature", "The feature is not supported.", "Locale"),
    2150858899: _sender("w:CannotProcessFilter", "The fragment path cannot be processed."),
    2150858906: _receiver("w:InternalError", "The provider could not be loaded."),
    2150858989: _sender("x:InvalidRepresentation", "Keys cannot be changed.", "InvalidValues"),
    2150859002: _sender("w:InvalidSelectors", "The class is no singleton: the keys are missing."),
    2150859003: _sender("w:InvalidSelectors", "A WQL query needs the resource URI of all classes, without selectors."),
    2150859008: _sender("w:UnsupportedFeature", "Objects are nested too deeply."),
    2150859010: _sender("w:UnsupportedFeature", "The WMI provider is not capable of this."),
    2150859011: _sender("w:InvalidParameter", "WMI reports a value that is not valid."),
    2150859012: _sender("w:AccessDenied", "The WMI service denied access."),
    2150859013: _sender("w:AccessDenied", "The WMI provider denied access."),
    2150859014: _sender("w:AccessDenied", "Access to WMI was denied."),
    2150859016: _sender("w:InvalidSelectors", "An enumeration takes no key selectors."),
    2150859018: _receiver("w:InternalError", "The response holds characters that XML cannot carry."),
    2150859038: _sender("w:InvalidParameter", "The WMI provider reports an invalid parameter."),
    2150859042: _sender("n:CannotProcessFilter", "WMI cannot process the filter."),
    2150859063: _receiver("b:PolymorphismModeNotSupported", "The polymorphism mode is not supported."),
    2150859065: _sender("w:UnsupportedFeature", "The resource URI is for DMTF classes only."),
    2150859067: _receiver("w:InternalError", "The CIM namespace selector differs from the resource URI."),
    2150859161: _receiver("w:InternalError", "The server redirects the request."),
    # wire, code table: the capture has this subcode, although the specification suggests w:QuotaLimit.
    2150859174: _receiver(
        "w:InternalError", "The maximum number of concurrent operations for this user has been reached."
    ),
    2150859175: _receiver("w:InternalError", "The maximum number of concurrent users has been reached."),
    2150859176: _receiver("w:InternalError", "The maximum number of concurrent operations has been reached."),
    2150859177: _sender("w:AccessDenied", "The request comes with another authorization token."),
    2150859181: _sender("w:InvalidParameter", "The parameters of Pull differ from those of Enumerate."),
}

# WMI statuses with a WSMan code of their own (wire: both code tables; C-06, C-08, F-06). The rest are wrapped.
WMI_TO_WSMAN = {
    0x80041002: 2150858752,
    0x80041008: 2150859038,
    0x80041013: 2150858906,
    0x80041017: 2150859042,
    0x80041019: 2150858803,
    0x80041024: 2150859010,
    0x80041069: 2150858793,
}

# CIM status codes for MSFT_WmiError (wire F-03; DMTF DSP0200 numbers).
CIM_STATUS = {
    0x80041002: 6,
    0x80041003: 2,
    0x80041008: 4,
    0x8004100C: 7,
    0x8004100E: 3,
    0x80041010: 5,
    0x80041017: 15,
    0x80041019: 11,
}


def from_wmi(error: WmiError, switches: Any) -> WSManFault:
    """The fault in which the WMI plug-in wraps a WMI status."""
    hresult = error.hresult & 0xFFFFFFFF
    # ASSUMED: unknown_class_code, unknown_namespace_code, access_denied_code, wmi_outer_code
    if hresult == 0x80041010:
        code = int(switches["unknown_class_code"])
    elif hresult == 0x8004100E:
        code = int(switches["unknown_namespace_code"])
    elif hresult == 0x80041003:
        code = int(switches["access_denied_code"])
    elif hresult in WMI_TO_WSMAN:
        code = WMI_TO_WSMAN[hresult]
    else:
        code = 2150858755 if switches["wmi_outer_code"] == "provider_failure" else hresult
    text = error.message or KINDS.get(code, _UNKNOWN).text
    if hresult == 0x80041002:
        text = KINDS[code].text  # as in the capture of a missing object: WSMan's words, not WMI's
    return WSManFault(code, text, inner=error)
