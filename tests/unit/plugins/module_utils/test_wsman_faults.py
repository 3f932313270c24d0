# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in all the shapes services send (wire F-01 to F-06, peers V-09), and how errors read."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import envelope, names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    BadValue,
    CannotConnect,
    ConfigMgrError,
    NotExecuted,
    OutcomeUnknown,
    WSManFault,
)

NAMESPACES = (
    f'xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}" xmlns:f="{names.WSMAN_FAULT}" '
    f'xmlns:b="{names.CIM_BINDING}" xmlns:xsi="{names.XSI}" xmlns:cim="{names.CIM}"'
)


def fault(
    detail: str, reason: str = '<s:Text xml:lang="en-US">Refused.</s:Text>', subcode: str = "w:InternalError"
) -> WSManFault:
    document = (
        f"<s:Envelope {NAMESPACES}><s:Header/><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value>"
        f"<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason>{reason}</s:Reason>"
        f"{detail and f'<s:Detail>{detail}</s:Detail>'}</s:Fault></s:Body></s:Envelope>"
    )
    with pytest.raises(WSManFault) as caught:
        envelope.open_answer(document.encode(), None)
    return caught.value


SMS_STATUS = """
<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/InvalidResourceURI</w:FaultDetail>
<f:WSManFault Code="2150858755" Machine="cmprov">
  <f:Message><f:ProviderFault provider="WMI Provider" path="C:\\Windows\\system32\\WsmWmiPl.dll">
    <f:WSManFault Code="2147749889" Machine="cmprov"><f:Message>Generic failure</f:Message></f:WSManFault>
    <f:ExtendedError>
      <e:SMS_ExtendedStatus xmlns:e="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_ExtendedStatus"
                            xsi:type="e:SMS_ExtendedStatus_Type">
        <e:Description>Failed to get package</e:Description><e:ErrorCode>1112017922</e:ErrorCode>
        <e:File xsi:nil="true"/><e:ObjectInfo>PS100042</e:ObjectInfo><e:StatusCode>2147749889</e:StatusCode>
      </e:SMS_ExtendedStatus>
    </f:ExtendedError>
  </f:ProviderFault></f:Message>
</f:WSManFault>"""


def test_the_nested_fault_of_windows_with_the_words_of_the_sms_provider() -> None:
    """wire F-01, F-02, F-04"""
    found = fault(SMS_STATUS)
    assert (found.code, found.inner_code, found.hresult) == (2150858755, 2147749889, 2147749889)
    assert found.codes == {2150858755, 2147749889}
    assert found.subcode == "InternalError"
    assert found.fault_detail.endswith("/InvalidResourceURI")
    assert found.extended_class == "SMS_ExtendedStatus"
    assert found.extended == {
        "Description": "Failed to get package",
        "ErrorCode": "1112017922",
        "ObjectInfo": "PS100042",
        "StatusCode": "2147749889",
    }
    assert ("Message", "Generic failure") in found.details
    assert found.provider == "WMI Provider"
    assert found.reason == "Refused."


def test_a_message_with_text_and_elements_loses_neither() -> None:
    """wire F-02: mixed content"""
    found = fault(
        '<f:WSManFault Code="2150858755"><f:Message>Outer words'
        '<f:ProviderFault provider="WMI Provider">Provider words<f:WSManFault Code="2147749889"><f:Message>Inner words'
        "</f:Message></f:WSManFault></f:ProviderFault></f:Message></f:WSManFault>"
    )
    assert [text for _unused, text in found.details] == ["Outer words", "Provider words", "Inner words"]


def test_sms_extended_status_anywhere_in_the_detail() -> None:
    """wire Q-08: where it sits is not known for certain."""
    found = fault(
        '<f:WSManFault Code="2147749889"><f:Message/></f:WSManFault><SMS_ExtendedStatus><ErrorCode>7</ErrorCode></SMS_ExtendedStatus>'
    )
    assert (found.extended_class, found.extended) == ("SMS_ExtendedStatus", {"ErrorCode": "7"})


def test_the_wmi_error_of_the_cim_client_path() -> None:
    """wire F-03: nothing of Microsoft's fault namespace, an empty reason, the code as a leaf."""
    found = fault(
        '<p:MSFT_WmiError xmlns:p="urn:p" b:IsCIM_Error="true" xsi:type="p:MSFT_WmiError_Type">'
        "<p:Message>Invalid class</p:Message><p:MessageID>HRESULT 0x80041010</p:MessageID>"
        "<p:error_Code>2147749904</p:error_Code></p:MSFT_WmiError>",
        reason='<s:Text xml:lang=""/>',
    )
    assert (found.code, found.hresult, found.reason) == (0x80041010, 0x80041010, "Invalid class")
    assert found.extended_class == "MSFT_WmiError"


def test_the_hresult_of_the_message_id_counts_if_no_other_leaf_has_it() -> None:
    found = fault('<p:MSFT_WmiError xmlns:p="urn:p"><p:MessageID>HRESULT 0x80041002</p:MessageID></p:MSFT_WmiError>')
    assert found.codes == {0x80041002}


def test_a_message_without_reason_comes_from_the_provider() -> None:
    """wire F-02"""
    found = fault(
        '<f:WSManFault Code="2152992672"><f:Message><f:ProviderFault provider="x">Words of the plug-in</f:ProviderFault>'
        "</f:Message></f:WSManFault>",
        reason='<s:Text xml:lang=""></s:Text>',
    )
    assert found.reason == "Words of the plug-in"
    assert (found.code, found.inner_code) == (2152992672, 0)


@pytest.mark.parametrize(
    ("subcode", "code"),
    [("w:TimedOut", names.TIMED_OUT), ("w:QuotaLimit", 2150858815), ("w:AccessDenied", 5), ("w:InternalError", 0)],
)
def test_a_service_without_codes_is_known_by_its_subcode(subcode: str, code: int) -> None:
    """peers V-09, V-10"""
    assert fault("", subcode=subcode).code == code


@pytest.mark.parametrize(
    ("text", "code"), [("-2144108544", 2150858752), ("0x80338000", 2150858752), ("nonsense", 0), ("5", 5)]
)
def test_codes_are_unsigned(text: str, code: int) -> None:
    assert fault(f'<f:WSManFault Code="{text}"/>').code == code


def test_a_fault_reads_as_a_sentence_with_its_codes() -> None:
    found = fault(SMS_STATUS)
    found.what, found.where, found.hint = "Cannot refresh PS100042", "cm01", "Look into smsprov.log."
    assert str(found) == (
        "cm01: Cannot refresh PS100042: Refused (WS-Management fault 2150858755, 0x80041001). Look into smsprov.log."
    )
    result = found.as_result()
    assert result["kind"] == "wsman_fault"
    assert result["codes"] == [2147749889, 2150858755]
    assert result["message"] == str(found)


def test_errors_read_as_sentences() -> None:
    assert str(CannotConnect("It fails", where="cm01:5986", hint="Try it.")) == "cm01:5986: It fails. Try it."
    assert str(ConfigMgrError("cm01 fails.", where="cm01")) == "cm01 fails."
    assert ConfigMgrError("It fails", where="cm01", hint="Do.").as_result() == {
        "kind": "error",
        "message": "cm01: It fails. Do.",
        "what": "It fails",
        "where": "cm01",
        "hint": "Do.",
    }
    busy = fault('<f:WSManFault Code="2150858815"/>')
    assert NotExecuted("busy", fault=busy).as_result()["code"] == 2150858815
    lost = OutcomeUnknown("lost", timed_out_at_server=True, fault=busy).as_result()
    assert (lost["timed_out_at_server"], lost["code"]) == (True, 2150858815)
    assert isinstance(BadValue("x"), ValueError)
