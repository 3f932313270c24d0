# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are serviced once, and any class can be read, whatever a site answers to the open questions about it."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import query

from smsprovsim import scenario
from smsprovsim.switches import NUMBER, TABLE

from .conftest import CUMULATIVE, STACK, WIN10, MakePlace, Place

assert scenario.SWITCHES  # registers the switches of the site
OTHER_ANSWERS = [
    (name, value)
    for name, switch in sorted(TABLE.items())
    if switch.values != (NUMBER,)
    for value in switch.values
    if value != switch.default
]


@pytest.mark.parametrize(("name", "value"), OTHER_ANSWERS)
def test_one_answer(make_place: MakePlace, name: str, value: str) -> None:
    place = make_place(switches={name: value})
    any_class_is_read(place)
    images_are_serviced_once(place)


def images_are_serviced_once(place: Place) -> None:
    done = place.service(description="Each month's updates", update_distribution_points=True)
    assert (done["changed"], done.get("failed")) == (True, None)
    (job,) = done["jobs"]
    assert (job["state"], {each["update_id"] for each in job["updates"]}) == ("succeeded", {CUMULATIVE, STACK})
    assert place.service(description="Each month's updates", update_distribution_points=True)["changed"] is False
    later = [{"recurs": "weekly", "day": "monday", "start": "2033-01-03T22:00"}]
    assert place.service("Later", schedule=later)["changed"]
    place.clock.sleep(60)
    assert place.service("Later", schedule=later)["changed"] is False
    assert place.service("Later", state="cancelled")["changed"]
    assert place.service("Later", state="cancelled")["changed"] is False
    assert {each["name"] for each in place.info(images=[WIN10])["jobs"]} == {"November", "Later"}
    assert place.runs() == 1


def any_class_is_read(place: Place) -> None:
    where = [{"property": "PackageID", "operator": "=", "value": WIN10}]
    keys = ["PackageID"]

    def read(**options: object) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = place._work(query.work, query.QUERY_SPEC, False, options)["rows"]
        return rows

    for class_name in ("SMS_ImagePackage", "SMS_PackageBaseclass"):
        (row,) = read(class_name=class_name, where=where, lazy=True, key_properties=keys)
        assert (row["PackageID"], row["PackageType"]) == (WIN10, 257)
        assert row["RefreshPkgSourceFlag"] is False
    (row,) = read(class_name="SMS_ImagePackage", properties=["Name", "SourceVersion"], where=where)
    assert row["SourceVersion"] == place.server.site.world.package(WIN10).version
