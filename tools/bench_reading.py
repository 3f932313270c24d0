# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part c: every package of a large site read. Against the same pulls without parsing, and against pypsrp; and the memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench_measure import Measure, Side, take_turns, timed
from bench_site import SITE_CODE, Bench, Provider, Recording, bare_floor, provider
from steps import Failed

PART = "c"
# The most that reading ten thousand packages may cost, whatever they hold (half a megabyte an answer).
REQUESTS_PER_THOUSAND = 2.5
NO_SLOWER = 1.0
FLAT = 1.1  # ten times as many packages may take a tenth more

OURS, OURS_AS_ELEMENTS = "in words", "as elements"
PULLS, PYPSRP_AS_ELEMENTS, PYPSRP_AS_TEXTS = "the same pulls, not parsed", "pypsrp, as elements", "pypsrp, as texts"

_ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
_WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"


def measure(bench: Bench) -> Iterator[Measure]:
    """Requests, time and memory of reading `bench.packages` packages with their usual columns."""
    count = bench.packages
    with provider(bench, bench.scenario("reading", count)) as site:
        yield from _time(bench, site, count)
        few = max(1, count // 10)
        for what in ("read", "dest"):
            yield _memory(site, f"peak memory of {what}", what, few, count, "traced", min(bench.repeats, 2))
        yield _memory(site, "the whole process of dest", "dest, whole", few, count, "resident", 1)


def _memory(site: Provider, name: str, what: str, few: int, count: int, kind: str, repeats: int) -> Measure:
    """Megabytes at the most, for many packages against few."""
    peaks = {limit: tuple(_peak(site, what, limit)[kind] / 2**20 for _each in range(repeats)) for limit in (few, count)}
    return Measure(PART, f"{name}, {count:,}", "MB", peaks[count], f"{few:,}", peaks[few], FLAT)


def _time(bench: Bench, site: Provider, count: int) -> Iterator[Measure]:
    recording = Recording()
    with _Ours(site, recording.connect) as ours:
        ours.read(count)
    messages = list(recording.messages)
    yield Measure(
        PART, f"requests for {count:,} packages", "", (len(messages),), goal=count * REQUESTS_PER_THOUSAND / 1000 + 5
    )
    floor = bare_floor(site)
    with _Ours(site, message=messages[0]) as ours, _Pypsrp(site, messages[0]) as pypsrp:
        ours.read(count)
        pypsrp.read(count)
        sides: dict[str, Side] = {
            OURS: lambda: timed(lambda: ours.read(count)),
            OURS_AS_ELEMENTS: lambda: timed(lambda: ours.walk(count)),
            PULLS: lambda: timed(lambda: floor.replay(messages)),
            PYPSRP_AS_ELEMENTS: lambda: timed(lambda: pypsrp.read(count)),
            PYPSRP_AS_TEXTS: lambda: timed(lambda: pypsrp.read(count, as_texts=True)),
        }
        found = take_turns(sides, bench.repeats)
    floor.close()
    for mine, against, goal in (
        (OURS, PULLS, None),
        (OURS, PYPSRP_AS_ELEMENTS, NO_SLOWER),
        (OURS, PYPSRP_AS_TEXTS, NO_SLOWER),
        (OURS_AS_ELEMENTS, PYPSRP_AS_ELEMENTS, NO_SLOWER),
    ):
        yield Measure(PART, f"{count:,} packages, {mine}", "s", found[mine], against, found[against], goal)


class _Ours:
    """Our client with an open session."""

    def __init__(self, site: Provider, connect: Any = None, message: bytes = b"") -> None:
        from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site

        self._site = open_site(site.means(connect=connect), SITE_CODE)
        self._query = query_of(message)

    def __enter__(self) -> _Ours:
        return self

    def __exit__(self, *_error: object) -> None:
        self._site.close()

    def read(self, count: int) -> None:
        """Every package, one at a time, in words."""
        found = sum(1 for _each in reader(self._site).iterate())
        if found != count:
            raise Failed(f"{found} packages were read, not {count}")

    def walk(self, count: int) -> None:
        """Every row as an element, by the same query."""
        found = sum(1 for _each in self._site._session._walk(self._query))
        if found != count:
            raise Failed(f"{found} rows were read, not {count}")


def query_of(message: bytes) -> str:
    """The WQL in a recorded message."""
    return unescape(message.decode().partition('WQL">')[2].partition("</")[0])


def reader(site: Any, limit: int | None = None) -> Any:
    """What cm_package_info reads with."""
    from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
    from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
    from ansible_collections.configmgr.content.plugins.module_utils._engine.info import PackageReader, Reading

    return PackageReader(site, Reading(limit=limit), RESOURCES, PACKAGE_PROPERTIES)


class _Pypsrp:
    """pypsrp's WSMan with an open session, and the query of a recorded message."""

    def __init__(self, site: Provider, message: bytes) -> None:
        from pypsrp.wsman import WSMan

        text = message.decode()
        self._query = query_of(message)
        self._uri = text.partition("<w:ResourceURI")[2].partition(">")[2].partition("<")[0]
        self._page = text.partition("<w:MaxElements>")[2].partition("<")[0]
        host, port = site.address.split(":")
        self._session = WSMan(
            host,
            port=int(port),
            username=site.user,
            password=site.password,
            ssl=False,
            auth="ntlm",
            encryption="always",
            no_proxy=True,
            max_envelope_size=int(text.partition("<w:MaxEnvelopeSize")[2].partition(">")[2].partition("<")[0]),
        )

    def __enter__(self) -> _Pypsrp:
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def read(self, count: int, as_texts: bool = False) -> None:
        """Every row as an element, or as a dictionary of texts, one at a time."""
        found = 0
        for row in self._rows():
            if as_texts:
                _texts(row)
            found += 1
        if found != count:
            raise Failed(f"pypsrp read {found} rows, not {count}")

    def _rows(self) -> Iterator[ElementTree.Element]:
        request = ElementTree.Element(f"{{{_ENUMERATION}}}Enumerate")
        ElementTree.SubElement(request, f"{{{_WSMAN}}}OptimizeEnumeration")
        ElementTree.SubElement(request, f"{{{_WSMAN}}}MaxElements").text = self._page
        dialect = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
        ElementTree.SubElement(request, f"{{{_WSMAN}}}Filter", Dialect=dialect).text = self._query
        answer = self._session.enumerate(self._uri, request)[0]
        yield from answer.findall(f"{{{_WSMAN}}}Items/*")
        while all(answer.find(f"{{{space}}}EndOfSequence") is None for space in (_WSMAN, _ENUMERATION)):
            request = ElementTree.Element(f"{{{_ENUMERATION}}}Pull")
            name = f"{{{_ENUMERATION}}}EnumerationContext"
            ElementTree.SubElement(request, name).text = answer.findtext(name)
            ElementTree.SubElement(request, f"{{{_ENUMERATION}}}MaxElements").text = self._page
            answer = self._session.pull(self._uri, request)[0]
            yield from answer.findall(f"{{{_ENUMERATION}}}Items/*")


def _texts(row: ElementTree.Element) -> dict[str, str | None]:
    """The least that makes something of a row: what is inside an element counts as its text, and nothing is converted."""
    return {each.tag.rpartition("}")[2]: each.text if len(each) == 0 else each[0].text for each in row}


def _peak(site: Provider, what: str, limit: int) -> dict[str, int]:
    """Bytes at the most, of a child that reads `limit` packages."""
    order = {"variables": dict(site.variables), "what": what, "limit": limit}
    child = Path(__file__).with_name("bench_child.py")
    done = subprocess.run(
        [sys.executable, str(child)], input=json.dumps(order), capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise Failed(f"The child that reads ended with {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    if found["count"] != limit:
        raise Failed(f"The child read {found['count']} packages, not {limit}")
    return found
