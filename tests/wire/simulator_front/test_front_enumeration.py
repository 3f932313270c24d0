# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerate, Pull and Release of the simulator's front (wire E-01 to E-20, K-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from front_client import DMTF, NS, PACKAGE, SITE, Client, Fault, context_of, envelope, texts
from lxml import etree

from smsprovsim.server import Server

QUERY = "SELECT Name, PackageID, LastRefreshTime, Description FROM SMS_Package"


def code_of(call: Callable[..., Any], *arguments: Any, **more: Any) -> int:
    with pytest.raises(Fault) as caught:
        call(*arguments, **more)
    return caught.value.code


def items(answer: Any, prefix: str) -> list[Any]:
    return list(answer.find(f"{prefix}:Items", NS))


def test_one_item_first_then_the_rest(client: Client, server: Server) -> None:
    first = client.enumerate(QUERY)
    assert len(items(first, "w")) == 1
    assert first.find("w:EndOfSequence", NS) is None
    rest = client.pull(context_of(first))
    assert len(items(rest, "n")) == 2
    assert rest.find("n:EndOfSequence", NS) is not None
    assert rest.find("n:EnumerationContext", NS) is None
    assert [(entry["verb"], entry["class"], entry["wql"]) for entry in server.journal] == [
        ("Enumerate", "SMS_Package", QUERY),
        ("Pull", "SMS_Package", QUERY),
    ]


def test_one_row_ends_at_once(serve: Callable[..., Server]) -> None:
    answer = Client(serve(packages=1)).enumerate(QUERY)
    assert len(items(answer, "w")) == 1
    assert answer.find("w:EndOfSequence", NS) is not None
    assert answer.find("n:EnumerationContext", NS).text is None


def test_no_row(serve: Callable[..., Server]) -> None:
    answer = Client(serve(packages=0)).enumerate(QUERY)
    assert items(answer, "w") == []
    assert answer.find("w:EndOfSequence", NS) is not None


def test_full_first_batch_by_switch(serve: Callable[..., Server]) -> None:
    answer = Client(serve(switches={"first_batch": "full"})).enumerate(QUERY)
    assert len(items(answer, "w")) == 3
    assert answer.find("w:EndOfSequence", NS) is not None


def test_without_optimization(client: Client) -> None:
    answer = client.enumerate(QUERY, None, optimize=False)
    assert answer.find("w:Items", NS) is None
    assert len(items(client.pull(context_of(answer), 2), "n")) == 2


def test_rows_are_fragments_without_namespace(client: Client) -> None:
    row = client.rows(QUERY)[0]
    assert row.tag == f"{{{NS['w']}}}XmlFragment"
    assert [child.tag for child in row] == ["Description", "LastRefreshTime", "Name", "PackageID"]
    assert row.find("Description").get(f"{{{NS['xsi']}}}nil") == "true"
    assert row.findtext("LastRefreshTime/Datetime") == "2024-05-02T10:11:12.5Z"


def test_whole_objects_are_typed(client: Client) -> None:
    row = client.rows("SELECT * FROM SMS_Package")[0]
    assert row.tag == f"{{{PACKAGE}}}SMS_Package"
    assert texts(row)["PackageID"] == "PS100001"


def test_enumeration_of_a_class(client: Client) -> None:
    first = client.enumerate(None, uri=PACKAGE)
    rest = client.pull(context_of(first), uri=PACKAGE)
    assert [texts(each)["PackageID"] for each in items(first, "w") + items(rest, "n")] == [
        "PS100001",
        "PS100002",
        "PS100003",
    ]


@pytest.mark.parametrize("dmtf", [True, False])
def test_endpoint_references(client: Client, dmtf: bool) -> None:
    base = SITE + "SMS_PackageBaseclass"
    selectors: dict[str, str] = {}
    if dmtf:
        base, selectors = DMTF + "SMS_PackageBaseclass", {"__cimnamespace": "root/sms/site_PS1"}
    mode = "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>"
    item = items(client.enumerate(None, inner=mode, uri=base, selectors=selectors), "w")[0]
    assert item.tag == f"{{{NS['a']}}}EndpointReference"
    assert item.findtext(".//w:ResourceURI", None, NS) == (DMTF + "SMS_Package" if dmtf else PACKAGE)
    chosen = {each.get("Name"): each.text for each in item.findall(".//w:Selector", NS)}
    assert chosen == {"PackageID": "PS100001", **selectors}
    mode = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>"
    item = items(client.enumerate(None, inner=mode, uri=base, selectors=selectors), "w")[0]
    assert [etree.QName(child).localname for child in item] == ["SMS_Package", "EndpointReference"]


def test_dmtf_query(client: Client) -> None:
    uri = "http://schemas.dmtf.org/wbem/wscim/1/*"
    answer = client.enumerate(QUERY, uri=uri, selectors={"__cimnamespace": "root/sms/site_PS1"})
    assert len(items(answer, "w")) == 1


def test_every_answer_has_a_new_context(client: Client) -> None:
    first = client.enumerate(QUERY, 1)
    second = client.pull(context_of(first), 1)
    assert context_of(first) != context_of(second) != ""
    assert code_of(client.pull, context_of(first), 1) == 2150858779
    assert len(items(client.pull(context_of(second), 1), "n")) == 1


def test_pull_repeats_the_parameters(client: Client) -> None:
    context = context_of(client.enumerate(QUERY))
    assert code_of(client.pull, context, 10) == 2150859181
    assert code_of(client.pull, context, size=100000) == 2150859181
    assert len(items(client.pull(context), "n")) == 2


def test_batches_end_with_the_envelope(serve: Callable[..., Server]) -> None:
    counts = {}
    for accounting in ("two", "one"):
        server = serve(packages=500, switches={"byte_accounting": accounting})
        client = Client(server)
        assert len(client.rows(QUERY, size=20000)) == 500
        counts[accounting] = len(server.journal)
    assert counts["two"] > 1.7 * counts["one"]


def test_answers_stay_within_the_envelope(serve: Callable[..., Server]) -> None:
    client = Client(serve(packages=500))
    answer = client.enumerate(QUERY, size=50000)
    while context_of(answer):
        body = f"<n:Pull><n:EnumerationContext>{context_of(answer)}</n:EnumerationContext><n:MaxElements>32000</n:MaxElements></n:Pull>"
        raw = client.transport.send_message(envelope(NS["n"] + "/Pull", SITE + "*", body, size=50000))
        assert len(raw) * 2 <= 50000
        answer = etree.fromstring(raw).find("s:Body/*", NS)


def test_ten_thousand_rows_in_few_requests(serve: Callable[..., Server]) -> None:
    server = serve(packages=10000)
    assert (
        len(
            Client(server).rows(
                "SELECT PackageID, Name, SourceVersion, PkgFlags, LastRefreshTime, SourceDate FROM SMS_Package"
            )
        )
        == 10000
    )
    assert len(server.journal) <= 25


def test_a_row_larger_than_the_envelope(client: Client, server: Server) -> None:
    server.site.packages["PS100002"]["Name"] = "x" * 9000
    context = context_of(client.enumerate(QUERY, size=10000))
    assert code_of(client.pull, context, size=10000) == 2150858824
    assert code_of(client.pull, context, size=10000) == 2150858884


def test_idle_enumerations_expire(client: Client, server: Server) -> None:
    context = context_of(client.enumerate(QUERY, 1))
    server.site.clock.advance(59)
    context = context_of(client.pull(context, 1))
    server.site.clock.advance(61)
    assert code_of(client.pull, context, 1) == 2150858779


def test_quota_of_open_enumerations(serve: Callable[..., Server]) -> None:
    server = serve(switches={"max_operations_per_user": "2"})
    client = Client(server)
    contexts = [context_of(client.enumerate(QUERY)) for _unused in range(2)]
    assert code_of(client.enumerate, QUERY) == 2150859174
    other = Client(server, user="CONTOSO\\reader", password="other")
    assert context_of(other.enumerate(QUERY))
    assert client.release(contexts[0]) is None
    assert context_of(client.enumerate(QUERY))
    assert server.state()["enumerations"] == {"CONTOSO\\admin": 2, "CONTOSO\\reader": 1}


def test_release(client: Client) -> None:
    context = context_of(client.enumerate(QUERY))
    client.release(context)
    assert code_of(client.pull, context) == 2150858779
    assert code_of(client.release, context) == 2150858779


def test_contexts_belong_to_their_user(client: Client, server: Server) -> None:
    context = context_of(client.enumerate(QUERY))
    other = Client(server, user="CONTOSO\\reader", password="other")
    assert code_of(other.pull, context) == 2150859177
    assert len(items(client.pull(context), "n")) == 2


def test_an_error_half_way(client: Client, server: Server) -> None:
    server.site.failing_row = 2
    context = context_of(client.enumerate(QUERY, 1))
    with pytest.raises(Fault) as caught:
        client.pull(context, 1)  # the row after the one that fits is looked at, to know the end
    assert caught.value.codes == [2150858755, 0x80041001]
    assert caught.value.root.findtext(".//{*}SMS_ExtendedStatus/{*}ErrorCode") == "1112017920"
    assert caught.value.root.findtext(".//{*}SMS_ExtendedStatus/{*}StatusCode") == "2147749889"
    assert code_of(client.pull, context, 1) == 2150858884


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"uri": PACKAGE}, 2150859003),
        ({"selectors": {"PackageID": "x"}}, 2150859003),
        ({"wql": None}, 2150859042),
        ({"wql": None, "uri": PACKAGE, "selectors": {"PackageID": "x"}}, 2150859016),
        ({"wql": "SELECT nonsense"}, 2150859042),
        ({"wql": "SELECT A FROM SMS_Nothing"}, 2150858752),
        ({"wql": None, "inner": '<w:Filter Dialect="urn:sql">x</w:Filter>'}, 2150858777),
        ({"inner": "<w:EnumerationMode>Everything</w:EnumerationMode>"}, 2150858886),
        ({"inner": "<w:EnumerationMode/>"}, 2150858886),
        ({"inner": "<w:EnumerationMode>enumerateepr</w:EnumerationMode>"}, 2150858886),
        ({"inner": "<w:Filter>SELECT Name FROM SMS_Package</w:Filter>", "wql": None}, 2150858777),
        ({"inner": "<b:PolymorphismMode>ExcludeSubClassProperties</b:PolymorphismMode>"}, 2150859063),
        ({"inner": "<w:Unknown/>"}, 2150858817),
        ({"count": "many"}, 2150858817),
    ],
)
def test_enumerations_that_are_refused(client: Client, change: dict[str, Any], code: int) -> None:
    given = {"wql": QUERY, **change}
    assert code_of(client.enumerate, given.pop("wql"), **given) == code


def test_inner_codes_of_bad_queries(client: Client) -> None:
    for wql, hresult in (("SELECT nonsense", 0x80041017), ("SELECT A FROM SMS_Nothing", 0x80041010)):
        with pytest.raises(Fault) as caught:
            client.enumerate(wql)
        assert caught.value.codes[-1] == hresult
        assert caught.value.root.findtext(".//{*}ParameterInfo") == wql
