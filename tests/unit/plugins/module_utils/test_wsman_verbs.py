# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs over a transport that follows a script: bodies sent, and the rules for repeating (wire R-06)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import canonicalize

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import names, verbs
from ansible_collections.configmgr.content.plugins.module_utils._wsman.context import ContextValues
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    CannotConnect,
    ConfigMgrError,
    ListBroken,
    NotAuthenticated,
    NotExecuted,
    OutcomeUnknown,
    WSManFault,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link
from ansible_collections.configmgr.content.tests.unit.plugins.module_utils.scripted_host import (
    Host,
    Step,
    fault,
    soap,
)

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package"
ALL = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/*"
KEYS = [("PackageID", "PS100042")]


def same_xml(one: str, other: str) -> bool:
    return one == canonicalize(other, strip_text=True, rewrite_prefixes=True)


def lost() -> Exception:
    return OutcomeUnknown("cut")


def refused() -> Exception:
    return CannotConnect("no connection")


def stale() -> Exception:
    return NotExecuted("empty 400")


def forgotten() -> Exception:
    return NotAuthenticated("401", after_success=True)


# --- reading ---


def test_get() -> None:
    host = Host("<p/>")
    assert verbs.get(host.link, URI, KEYS).tag == "p"
    assert host.link.requests == 1
    assert host.transports == 1


@pytest.mark.parametrize(
    "trouble",
    [
        lost(),
        refused(),
        stale(),
        forgotten(),
        fault(names.TIMED_OUT),
        fault(2150858755, 0x80041069),
        fault(2150858755, 0x80041032),
        fault(2150858755, 0x80041015),
        fault(2150858755, 0x80041045),
        fault(2150858815),
        fault(2150858755, 0x80041033),
        fault(2150858883),
    ],
    ids=str,
)
def test_reading_is_repeated(trouble: Step) -> None:
    host = Host(trouble, "<p/>")
    assert verbs.get(host.link, URI, KEYS).tag == "p"
    assert host.actions == ["Get", "Get"]


def test_reading_gives_up_after_three_attempts_with_the_last_error() -> None:
    host = Host(lost(), lost(), OutcomeUnknown("the last"))
    with pytest.raises(OutcomeUnknown, match="the last"):
        verbs.get(host.link, URI, KEYS)
    assert len(host.sent) == 3
    assert host.pauses == [0.5, 2.0]


@pytest.mark.parametrize(
    "final",
    [
        NotAuthenticated("wrong password"),
        CannotConnect("untrusted", transient=False),
        NotExecuted("413", transient=False),
        fault(5),
        fault(2150858752),
        fault(2150858825),
    ],
    ids=str,
)
def test_what_will_not_change_is_not_repeated(final: Step) -> None:
    host = Host(final)
    with pytest.raises(ConfigMgrError):
        verbs.get(host.link, URI, KEYS)
    assert len(host.sent) == 1


def test_a_401_after_success_is_worth_one_new_login_without_a_pause() -> None:
    host = Host("<p/>", forgotten(), "<p/>")
    verbs.get(host.link, URI, KEYS)
    verbs.get(host.link, URI, KEYS)
    assert host.transports == 2
    assert host.pauses == []


@pytest.mark.parametrize("trouble", [lost(), stale(), forgotten(), refused()], ids=str)
def test_a_transport_in_doubt_is_thrown_away(trouble: Exception) -> None:
    host = Host(trouble, "<p/>")
    verbs.get(host.link, URI, KEYS)
    assert (host.transports, host.closed) == (2, 1)


def test_a_fault_leaves_the_session_standing() -> None:
    host = Host(fault(2150858752), "<p/>")
    with pytest.raises(WSManFault) as caught:
        verbs.get(host.link, URI, KEYS)
    verbs.get(host.link, URI, KEYS)
    assert host.transports == 1
    assert caught.value.where == "https://cm01:5986/wsman"


def test_an_answer_to_another_request_discards_the_session() -> None:
    host = Host(lambda envelope: soap("<p/>", "uuid:OTHER"), "<p/>")
    assert verbs.get(host.link, URI, KEYS).tag == "p"
    assert host.transports == 2


def test_every_message_has_its_own_id() -> None:
    host = Host(lost(), "<p/>")
    verbs.get(host.link, URI, KEYS)
    ids = [re.search(rb"<a:MessageID>(uuid:[0-9A-F-]{36})</a:MessageID>", each) for each in host.sent]
    assert len({each.group(1) for each in ids if each}) == 2


def test_what_was_never_sent_is_not_counted() -> None:
    host = Host(refused(), "<p/>")
    verbs.get(host.link, URI, KEYS)
    assert host.link.requests == 1


def test_options_go_with_every_message_and_identify_has_no_headers() -> None:
    host = Host(
        "<p/>", "<x:IdentifyResponse xmlns:x='urn:x'><x:ProductVersion>OS: 10.0</x:ProductVersion></x:IdentifyResponse>"
    )
    host.link.context = ContextValues((("wmi:MachineName", "WKS-7"),))
    verbs.get(host.link, URI, KEYS)
    assert b'<w:Option Name="wmi:MachineName">WKS-7</w:Option>' in host.sent[0]
    assert verbs.identify(host.link) == {"ProductVersion": "OS: 10.0"}
    assert b"ResourceURI" not in host.sent[1]


# --- context values ---

NAMES = (("wmi:ApplicationName", "configmgr.content"),)
OPTION = b'<w:Option Name="wmi:ApplicationName">'


@pytest.mark.parametrize("code", [2150858809, 2150858818])
@pytest.mark.parametrize("write", [False, True])
def test_a_host_that_refuses_the_context_values_is_asked_once_more_without(code: int, write: bool) -> None:
    host, told = Host(fault(code), "<p/>", "<p/>"), []
    host.link.context = ContextValues(NAMES, told.append)
    if write:
        verbs.put(host.link, URI, KEYS, b"<p/>")
    else:
        verbs.get(host.link, URI, KEYS)
    verbs.get(host.link, URI, KEYS)
    assert [OPTION in each for each in host.sent] == [True, False, False]
    assert told == ["refused"]
    assert host.pauses == []


@pytest.mark.parametrize("code", [2150858752, 2150858793, 5])
def test_any_other_fault_leaves_the_context_values_alone(code: int) -> None:
    host = Host(fault(code))
    host.link.context = ContextValues(NAMES)
    with pytest.raises((WSManFault, OutcomeUnknown)):
        verbs.put(host.link, URI, KEYS, b"<p/>")
    assert len(host.sent) == 1
    assert host.link.context.options == NAMES


def test_a_write_whose_second_try_fails_is_not_sent_a_third_time() -> None:
    host = Host(fault(2150858818), fault(2150858818))
    host.link.context = ContextValues(NAMES)
    with pytest.raises(WSManFault):
        verbs.put(host.link, URI, KEYS, b"<p/>")
    assert len(host.sent) == 2


def test_what_one_session_was_refused_the_other_does_not_send() -> None:
    context = ContextValues(NAMES)
    first, second = Host(fault(2150858818), "<p/>"), Host("<p/>")
    first.link.context = second.link.context = context
    verbs.get(first.link, URI, KEYS)
    verbs.get(second.link, URI, KEYS)
    assert [OPTION in each for each in second.sent] == [False]


# --- writing ---

WRITES: list[Callable[[Link], Any]] = [
    lambda link: verbs.put(link, URI, KEYS, b"<p/>"),
    lambda link: verbs.put_fragment(link, URI, KEYS, "Name", b"<p/>"),
    lambda link: verbs.create(link, URI, b"<p/>"),
    lambda link: verbs.delete(link, URI, KEYS),
    lambda link: verbs.invoke(link, URI, "RefreshPkgSource", b"<p/>", KEYS),
]
WRITE_NAMES = ["put", "put fragment", "create", "delete", "invoke"]


@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
@pytest.mark.parametrize(
    "trouble",
    [refused(), stale(), forgotten(), fault(2150858815), fault(2150859174), fault(2150858755, 0x80041033)],
    ids=str,
)
def test_a_write_is_sent_again_once_after_proof_that_it_was_not_executed(
    write: Callable[[Link], Any], trouble: Step
) -> None:
    host = Host(trouble, "<p/>")
    write(host.link)
    assert len(host.sent) == 2
    host = Host(trouble, trouble)
    with pytest.raises((CannotConnect, NotExecuted, NotAuthenticated)):
        write(host.link)
    assert len(host.sent) == 2


@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
@pytest.mark.parametrize(
    "trouble",
    [
        lost(),
        lambda envelope: b"garbage",
        lambda envelope: soap("<p/>", "uuid:OTHER"),
        fault(2150858883),
        fault(2150858772),
        fault(5),
        CannotConnect("untrusted", transient=False),
        NotAuthenticated("wrong password"),
    ],
    ids=["lost", "garbage", "answer to another", "2150858883", "2150858772", "5", "untrusted", "wrong password"],
)
def test_a_write_is_not_sent_again_otherwise(write: Callable[[Link], Any], trouble: Step) -> None:
    host = Host(trouble)
    with pytest.raises(ConfigMgrError):
        write(host.link)
    assert len(host.sent) == 1


@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
def test_a_write_that_was_resent_and_then_lost_is_lost(write: Callable[[Link], Any]) -> None:
    host = Host(stale(), lost())
    with pytest.raises(OutcomeUnknown):
        write(host.link)
    assert len(host.sent) == 2


@pytest.mark.parametrize("code", [(2150858883,), (2150859018,), (2150858755, 2150858883)], ids=str)
@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
def test_a_service_that_broke_down_over_its_answer_may_have_done_the_work(
    write: Callable[[Link], Any], code: tuple[int, ...]
) -> None:
    """wire, code table: plug-in failed; invalid characters in response"""
    host = Host(fault(*code))
    with pytest.raises(OutcomeUnknown) as caught:
        write(host.link)
    assert not caught.value.timed_out_at_server
    assert caught.value.fault is not None
    assert len(host.sent) == 1


@pytest.mark.parametrize(
    "trouble",
    [fault(names.TIMED_OUT), fault(2150858755, 0x80041069), fault(0x80041069), fault(2150858755, 0x80041032)],
    ids=["2150858793", "wrapped", "plain", "cancelled"],
)
@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
def test_a_timed_out_write_is_unknown_and_known_as_timed_out(write: Callable[[Link], Any], trouble: Step) -> None:
    """wire I-09, F-06"""
    host = Host(trouble)
    with pytest.raises(OutcomeUnknown) as caught:
        write(host.link)
    assert caught.value.timed_out_at_server
    assert len(host.sent) == 1
    host = Host(lost())
    with pytest.raises(OutcomeUnknown) as caught:
        write(host.link)
    assert not caught.value.timed_out_at_server


@pytest.mark.parametrize("write", WRITES, ids=WRITE_NAMES)
def test_an_unreportable_success_is_success(write: Callable[[Link], Any]) -> None:
    """wire I-09: 2150858829"""
    host = Host(fault(names.UNREPORTABLE_SUCCESS))
    assert write(host.link) is None
    assert len(host.sent) == 1


def test_an_answer_too_large_for_the_envelope_does_not_say_that_a_write_failed() -> None:
    host = Host(fault(2150858824))
    with pytest.raises(OutcomeUnknown):
        verbs.invoke(host.link, URI, "M", b"<p/>")


def test_the_busy_host_is_told_with_its_own_fault() -> None:
    host = Host(*[fault(2150859174)] * 3)
    with pytest.raises(NotExecuted) as caught:
        verbs.get(host.link, URI, KEYS)
    assert caught.value.fault is not None
    assert caught.value.fault.code == 2150859174
    assert host.transports == 1  # the session is sound


def test_invoke_may_have_its_own_time() -> None:
    host = Host("<p/>")
    verbs.invoke(host.link, URI, "RefreshPkgSource", b"<p/>", KEYS, timeout=600.0)
    assert host.timeouts == [600.0]
    assert b"<w:OperationTimeout>PT600S</w:OperationTimeout>" in host.sent[0]
    assert f'<a:Action s:mustUnderstand="true">{URI}/RefreshPkgSource</a:Action>'.encode() in host.sent[0]


# --- lists ---

ROW = "<w:XmlFragment><PackageID>PS1000%02d</PackageID></w:XmlFragment>"


def first(count: int, context: str = "c1", done: bool = False) -> str:
    rows = "".join(ROW % number for number in range(count))
    end = "<w:EndOfSequence/>" if done else ""
    return f"<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext><w:Items>{rows}</w:Items>{end}</n:EnumerateResponse>"


def page(start: int, count: int, context: str | None = None) -> str:
    rows = "".join(ROW % number for number in range(start, start + count))
    rest = "<n:EndOfSequence/>" if context is None else f"<n:EnumerationContext>{context}</n:EnumerationContext>"
    return f"<n:PullResponse>{rest}<n:Items>{rows}</n:Items></n:PullResponse>"


def walk(host: Host, **more: Any) -> Iterator[Any]:
    return verbs.walk(host.link, ALL, "SELECT PackageID FROM SMS_Package WHERE Name < 'a&b'", **more)


def texts(rows: Any) -> list[str]:
    return ["".join(row.itertext()) for row in rows]


ENUMERATE = f"""
<n:Enumerate xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}"><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>
<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">SELECT PackageID FROM SMS_Package WHERE Name &lt; 'a&amp;b'</w:Filter>
</n:Enumerate>"""
PULL = f"""
<n:Pull xmlns:n="{names.ENUMERATION}"><n:EnumerationContext>c1</n:EnumerationContext><n:MaxElements>32000</n:MaxElements></n:Pull>"""
RELEASE = f"""
<n:Release xmlns:n="{names.ENUMERATION}"><n:EnumerationContext>c2</n:EnumerationContext></n:Release>"""


def test_a_list_is_pulled_to_its_end_with_the_newest_context() -> None:
    """wire E-01 to E-07"""
    host = Host(first(1), page(1, 3, "c2"), page(4, 2))
    assert texts(walk(host)) == [f"PS10000{number}" for number in range(6)]
    assert host.actions == ["Enumerate", "Pull", "Pull"]
    assert same_xml(host.body(0), ENUMERATE)
    assert same_xml(host.body(1), PULL)
    assert b">c2<" in host.sent[2]


def test_nothing_is_released_after_the_end() -> None:
    """peers V-06"""
    host = Host(first(2, "", done=True))
    rows = walk(host)
    assert len(texts(rows)) == 2
    rows.close()  # type: ignore[attr-defined]
    assert host.actions == ["Enumerate"]


def test_end_of_sequence_in_either_namespace_and_with_a_context_left() -> None:
    """peers V-05; a peer leaves the context in its last answer"""
    for end in ("<w:EndOfSequence/>", "<n:EndOfSequence/>"):
        host = Host(first(1).replace("</n:EnumerateResponse>", f"{end}</n:EnumerateResponse>"))
        assert len(texts(walk(host))) == 1
        host = Host(
            first(1), page(1, 1).replace("<n:EndOfSequence/>", f"<n:EnumerationContext>c9</n:EnumerationContext>{end}")
        )
        assert len(texts(walk(host))) == 2


def test_a_page_without_items_is_pulled_over() -> None:
    """wire E-05"""
    host = Host(
        "<n:EnumerateResponse><n:EnumerationContext>c1</n:EnumerationContext></n:EnumerateResponse>",
        "<n:PullResponse><n:EnumerationContext>c2</n:EnumerationContext></n:PullResponse>",
        page(0, 2),
    )
    assert len(texts(walk(host))) == 2


def test_stopping_early_releases_the_enumeration() -> None:
    """wire E-17"""
    host = Host(first(1), page(1, 3, "c2"), "")
    rows = walk(host)
    assert next(rows) is not None
    rows.close()  # type: ignore[attr-defined]
    assert host.actions == ["Enumerate", "Pull", "Release"]
    assert same_xml(host.body(2), RELEASE)


def test_a_release_that_fails_does_not_matter() -> None:
    host = Host(first(1), page(1, 3, "c2"), lost())
    rows = walk(host)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert host.actions[-1] == "Release"


@pytest.mark.parametrize(
    "trouble",
    [lost(), stale(), forgotten(), refused(), fault(2150858779), fault(2150858884), fault(2150858815)],
    ids=str,
)
def test_a_list_starts_again_while_nothing_was_handed_out(trouble: Step) -> None:
    host = Host(first(1), trouble, first(1, "", done=True))
    assert len(texts(walk(host))) == 1
    assert host.actions == ["Enumerate", "Pull", "Enumerate"]


@pytest.mark.parametrize("trouble", [lost(), stale(), fault(2150858884)], ids=str)
def test_after_rows_were_handed_out_a_break_is_told(trouble: Step) -> None:
    host = Host(first(1), page(1, 2, "c2"), trouble)
    rows = walk(host)
    assert len([next(rows) for _unused in range(3)]) == 3
    with pytest.raises(ListBroken):
        next(rows)
    assert host.actions == ["Enumerate", "Pull", "Pull"]


def test_a_list_gives_up_after_three_starts() -> None:
    host = Host(first(1), lost(), first(1), lost(), first(1), lost())
    with pytest.raises(OutcomeUnknown):
        texts(walk(host))
    assert host.actions == ["Enumerate", "Pull"] * 3


def test_a_provider_error_half_way_is_never_a_complete_list() -> None:
    """wire E-18"""
    host = Host(first(1), page(1, 2, "c2"), fault(2147749889))
    with pytest.raises(WSManFault):
        texts(walk(host))


def test_no_data_yet_pulls_again_with_the_same_context() -> None:
    """wire E-16: 2150858780"""
    host = Host(first(1), fault(2150858780), fault(2150858780), page(1, 1))
    assert len(texts(walk(host))) == 2
    assert all(b">c1<" in each for each in host.sent[1:])


def test_a_timed_out_pull_is_repeated_once_then_the_list_starts_again() -> None:
    host = Host(first(1), fault(names.TIMED_OUT), fault(2150858755, 0x80041069), "", first(1, "", done=True))
    assert len(texts(walk(host))) == 1
    assert host.actions == ["Enumerate", "Pull", "Pull", "Release", "Enumerate"]


@pytest.mark.parametrize(
    "answer",
    [
        "<n:PullResponse><n:Items/></n:PullResponse>",
        "<n:PullResponse><n:EnumerationContext/><n:Items/></n:PullResponse>",
        "",
    ],
)
def test_a_list_that_ends_without_saying_so_is_not_complete(answer: str) -> None:
    host = Host(first(1), page(1, 2, "c2"), answer)
    with pytest.raises(ListBroken):
        texts(walk(host))


def test_a_bad_query_is_refused_at_once() -> None:
    host = Host(fault(2150859042, 0x80041017))
    with pytest.raises(WSManFault) as caught:
        texts(walk(host))
    assert 0x80041017 in caught.value.codes
    assert len(host.sent) == 1
