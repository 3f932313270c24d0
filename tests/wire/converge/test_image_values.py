# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile values on their way to the site and back: every kind of value, property-based, and what is too large for a message."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.options import Kind
from ansible_collections.configmgr.content.plugins.module_utils._engine.plan import ALL_BITS
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue, ConfigMgrError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .conftest import ImageDeclaring
from .test_image_content import IMAGE, Make

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
HOSTILE = (
    "",
    " leading and trailing ",
    "'single' \"double\" `back`",
    "\\\\server\\share\\",
    "]]> <![CDATA[ &amp; &#x41; <x/>",
    "\U0001f4bf \u202e \u00e4\u0308 \u3000",
    "two\nlines\tand\ttabs",
    "null",
    "0",
)
LONGEST = {
    item.option: 250 if item.option == "name" else 128
    for item in IMAGE_PACKAGE.declarable
    if item.option in ("name", "description", "isv_string", "driver_os_version", "predownload_rule")
}
# Examples cost a few requests each; the strategies have what is special, so few are enough.
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def images(make_declare: Make) -> ImageDeclaring:
    return make_declare(scenario="images")


def comes_back(images: ImageDeclaring, **given: Any) -> dict[str, Any]:
    """What was declared is there, and declaring it again changes nothing."""
    done = images(package_id=IMAGE, refresh="never", reload="never", **given)
    assert not images(package_id=IMAGE, refresh="never", reload="never", **given)["changed"]
    found: dict[str, Any] = done["object"]
    return found


@pytest.mark.parametrize("option", sorted(LONGEST))
def test_text(images: ImageDeclaring, option: str) -> None:
    texts = st.one_of(
        st.sampled_from(HOSTILE), st.text(st.characters(blacklist_categories=["Cs"]), max_size=LONGEST[option])
    )

    @FEW
    @given(texts)
    @example("\x00")
    @example("a\x1bb")
    @example("x" * LONGEST[option])
    def holds(text: str) -> None:
        if option == "name" and not text.strip():
            with pytest.raises(Impossible):
                images(package_id=IMAGE, name=text)
            return
        if CONTROL.search(text):
            with pytest.raises(Impossible, match=r"contains the character U\+"):
                images(package_id=IMAGE, **{option: text})
            return
        assert (comes_back(images, **{option: text})[option] or "") == text

    holds()


NUMBERS = ("forced_disconnect_delay", "forced_disconnect_retries")


@pytest.mark.parametrize("option", NUMBERS)
def test_numbers(images: ImageDeclaring, option: str) -> None:
    @FEW
    @given(st.integers(0, 0xFFFFFFFF))
    @example(0)
    @example(0xFFFFFFFF)
    def holds(number: int) -> None:
        assert comes_back(images, **{option: number})[option] == number

    holds()
    for wrong in (-1, 0x100000000):
        with pytest.raises(Impossible, match="is not between 0 and 4294967295"):
            images(package_id=IMAGE, **{option: wrong})


def test_bits(images: ImageDeclaring) -> None:
    before = images(package_id=IMAGE)["object"]["pkg_flags"]["value"]

    @FEW
    @given(st.integers(1, ALL_BITS), st.integers(0, ALL_BITS))
    @example(0x80000000, 0)
    @example(ALL_BITS, 0)
    def holds(on: int, off: int) -> None:
        nonlocal before
        off &= ~on
        asked: dict[str, Any] = {"add": [hex(on)], **({"remove": [str(off)]} if off else {})}
        found = comes_back(images, pkg_flags=asked)["pkg_flags"]["value"]
        assert found == before & ~off | on
        before = found

    holds()


def test_bytes(images: ImageDeclaring) -> None:
    @FEW
    @given(st.binary(max_size=300))
    @example(b"")
    @example(bytes(range(256)))
    def holds(content: bytes) -> None:
        told = base64.b64encode(content).decode()
        assert comes_back(images, icon=told)["icon"] == told

    holds()


def spans(low: int, high: int, unit: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.integers(low, high).map(lambda number: {unit: number})


STARTS = st.datetimes(datetime(1970, 2, 1), datetime(2033, 12, 31)).map(
    lambda moment: moment.strftime("%Y-%m-%dT%H:%M")
)
DAYS = st.sampled_from(["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"])
SCHEDULES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"recurs": st.just("never"), "start": STARTS}, optional={"utc": st.booleans()}),
        st.fixed_dictionaries(
            {
                "recurs": st.just("interval"),
                "every": st.one_of(spans(1, 31, "days"), spans(1, 23, "hours"), spans(1, 59, "minutes")),
            },
            optional={"start": STARTS, "duration": spans(1, 23, "hours")},
        ),
        st.fixed_dictionaries(
            {"recurs": st.just("weekly"), "day": DAYS, "start": STARTS}, optional={"every_weeks": st.integers(1, 4)}
        ),
        st.fixed_dictionaries(
            {
                "recurs": st.just("monthly_by_date"),
                "day": st.one_of(st.integers(1, 31).map(str), st.just("last")),
                "start": STARTS,
            },
            optional={"every_months": st.integers(1, 12)},
        ),
        st.fixed_dictionaries(
            {
                "recurs": st.just("monthly_by_weekday"),
                "week": st.sampled_from(["last", "first", "second", "third", "fourth"]),
                "day": DAYS,
                "start": STARTS,
            },
            optional={"offset_days": st.integers(1, 7)},
        ),
    ),
    max_size=15,
)


def test_a_host_that_takes_no_date_in_the_form_of_wmi(make_declare: Make) -> None:
    """The second form is found out once a task, by a refusal before execution (wire T-09)."""
    images = make_declare(scenario="images", switches={"datetime_dmtf": "refused"})
    weekly = {"recurs": "weekly", "day": "monday", "start": "2026-11-02T22:00:00"}
    asked = {"package_id": IMAGE, "refresh": "never", "refresh_schedule": {"set": [weekly]}}
    done = images(**asked)
    assert (done["object"]["refresh_schedule"][0]["start"], done["changed"]) == (weekly["start"], True)
    assert images.executions("Put") == {IMAGE: 1}
    assert len([each for each in images.server.journal if each["verb"] == "Put"]) == 2
    (token,) = images.values(IMAGE)["RefreshSchedule"]
    assert token.values["StartTime"].text == "20261102220000.000000+***"
    assert not images(**asked)["changed"]


def test_what_a_host_refuses_in_any_form_is_told_as_it_was_first(
    make_declare: Make,
) -> None:
    images = make_declare(scenario="images")
    for code in (2150858838, 2150858773):
        images.server.add_fault(verb="Put", action="fault", code=code, reason=f"refused with {code}")
    with pytest.raises(ConfigMgrError, match="refused with 2150858838"):
        images(package_id=IMAGE, refresh_schedule={"set": [{"recurs": "interval", "every": {"days": 1}}]})


def test_schedules(images: ImageDeclaring) -> None:
    @FEW
    @given(SCHEDULES)
    @example([])
    def holds(schedules: list[dict[str, Any]]) -> None:
        found = comes_back(images, refresh_schedule={"set": schedules})["refresh_schedule"]
        assert len(found) == len(schedules)
        # What is told can be declared: the round trip in the other direction.
        assert not images(package_id=IMAGE, refresh="never", refresh_schedule={"set": found})["changed"]

    holds()


# -- null, and what nobody declared ----------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["base_board_product_id", "isv_string"])
def test_null_and_no_text_are_the_same(images: ImageDeclaring, option: str) -> None:
    (wmi,) = [item.wmi for item in IMAGE_PACKAGE.properties if item.option == option]
    for stored in (None, ""):
        images.package(IMAGE).record.values[wmi] = stored
        assert not images(package_id=IMAGE, **{option: ""})["changed"]
    assert images(package_id=IMAGE, **{option: "x"})["changed"]
    assert images(package_id=IMAGE, **{option: ""})["changed"]


def test_what_nobody_declared_goes_back_as_it_came(images: ImageDeclaring) -> None:
    values = images.values(IMAGE)
    values.update(
        ExtendedData=[0, 255, 7], ISVData=list(range(256)), AlternateContentProviders=HOSTILE[4], ISVString=None
    )
    before = dict(values)
    images(package_id=IMAGE, description="x")
    after = images.values(IMAGE)
    moved = {name for name in after if after[name] != before.get(name)}
    assert moved <= {"Description", "SedoObjectVersion", "ActionInProgress"}


# -- more than a message holds -----------------------------------------------------------------------------------


class Small(ImageDeclaring):
    """Somebody whose messages hold no more than this."""

    limit = 40_000

    def means(self) -> Any:
        means = super().means()
        return replace(means, endpoint=replace(means.endpoint, max_envelope_size=self.limit))


def test_an_icon_that_is_too_large(images: ImageDeclaring) -> None:
    small = Small(images.server)
    icon = base64.b64encode(bytes(4000)).decode()
    with pytest.raises(Impossible) as refused:
        small(package_id=IMAGE, icon=icon)
    told = str(refused.value)
    assert re.search(r"it takes \d+ bytes in one message, and the limit is 40000", told)
    assert "raise max_envelope_size here and MaxEnvelopeSizekb on the provider host" in told
    with pytest.raises(Impossible, match="the limit is 40000"):
        small(name="New", source_path=r"\\files01.contoso.test\images$\win11-22h2.wim", icon=icon)
    assert images.written == 0
    assert images(package_id=IMAGE, icon=icon)["changed"]


def test_an_object_that_is_too_large_is_read_in_parts(images: ImageDeclaring) -> None:
    images.values(IMAGE).update(ISVData=[255] * 600, Icon=[255] * 600)
    small = Small(images.server)
    found = small(package_id=IMAGE, version="21H2", refresh="never")
    assert not found["changed"]
    assert found["object"]["name"] == "Windows 10 Enterprise 21H2"
    with pytest.raises(BadValue) as refused:
        small(package_id=IMAGE, version="2", refresh="never")
    assert "was not read as a whole and cannot be written back" in str(refused.value)
    assert "MaxEnvelopeSizekb" in str(refused.value)
    assert images.written == 0
    assert images(package_id=IMAGE, version="2", refresh="never")["changed"]
    assert images.values(IMAGE)["ISVData"] == [255] * 600


def test_every_kind_of_option_has_its_round_trip() -> None:
    """A new kind of value shows up here."""
    seen: dict[str, set[str]] = {}
    for item in IMAGE_PACKAGE.declarable:
        kind: Kind | None = item.kind
        seen.setdefault(str(dict(kind.spec).get("type") if kind else ""), set()).add(item.codec.name)
    assert set(seen) == {"bool", "dict", "int", "str"}
