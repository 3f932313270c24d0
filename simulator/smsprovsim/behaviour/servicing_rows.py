# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What offline servicing tells: progress, history, and which update is in which image (behaviour 100)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..images import Edition
from ..model import CimDateTime, Value
from ..repository import ComputedTable, Narrow, Record, StoredTable
from ..world import Package, World

if TYPE_CHECKING:
    from .servicing import Update

NOT_REQUIRED, INSTALLED, APPLICABLE = 1, 2, 3


class ServicingRows:
    """The classes about servicing that clients read and nobody writes."""

    def __init__(self, world: World, updates: Mapping[int, Update]) -> None:
        self._world = world
        self._updates = updates
        classes = world.repository.classes
        for name in ("SMS_ImageServicingProgress", "SMS_ImageUpdateHistory", "SMS_ImageUpdateStatus"):
            self._table(name)
        world.repository.add_table(ComputedTable(classes["sms_imageupdatestatusview"], self._view))
        world.repository.add_table(ComputedTable(classes["sms_failedimageupdateview"], self._failed))

    def _table(self, class_name: str) -> StoredTable:
        return self._world.repository.stored(class_name)

    def progress(
        self, schedule: Record, package: Package, began: float, status: int, failed: int = 0, error: int = 0
    ) -> None:
        """How a job fares with an image."""
        self._store(
            "SMS_ImageServicingProgress",
            {
                "ImagePackageID": package.package_id,
                "ScheduleID": schedule.values["ScheduleID"],
                "FailedUpdateID": failed,
                "RunDateTime": self._world.date(began),
                "Status": status,
                "Win32ErrorCode": error,
            },
        )

    def history(self, schedule: Record, package: Package, began: float, status: int, failed: int) -> None:
        """A run that is over."""
        self._store(
            "SMS_ImageUpdateHistory",
            {
                "ImagePackageID": package.package_id,
                "RunDateTime": self._world.date(began),
                "ScheduleID": schedule.values["ScheduleID"],
                "FailedUpdateID": failed,
                "Status": status,
            },
        )

    def _store(self, class_name: str, values: dict[str, Value]) -> None:
        table = self._table(class_name)
        old = table.find(*(values[name] for name in table.definition.keys))
        if old is None:
            table.add(values)
        else:
            old.values.update(values)

    def installed(self, package: Package, identity: int, error: int, applied: CimDateTime | None) -> None:
        """An update that was put into every image of a file that needs it, or failed to be."""
        update = self._updates.get(identity)
        for edition in package.images:
            fits = update is not None and update.fits(edition)
            status = NOT_REQUIRED if not fits else APPLICABLE if error else INSTALLED
            self._store(
                "SMS_ImageUpdateStatus",
                {
                    "ImageIndex": edition.index,
                    "ImagePackageID": package.package_id,
                    "UpdateID": identity,
                    "AppliedDateTime": applied if fits else None,
                    "UpdateInstallationStatus": error,
                    "UpdateStatus": status,
                    "UpdateTitle": update.title if update is not None else "",
                },
            )

    def scanned(self, package: Package, editions: Iterable[Edition]) -> None:
        """Which updates the images of a file need, as the file is now."""
        table = self._table("SMS_ImageUpdateStatus")
        for identity, update in self._updates.items():
            for edition in editions:
                old = table.find(edition.index, package.package_id, identity)
                known = old.values if old is not None else {"AppliedDateTime": None, "UpdateInstallationStatus": 0}
                there = identity in edition.updates
                status = INSTALLED if there else APPLICABLE if update.fits(edition) else NOT_REQUIRED
                self._store(
                    table.definition.name,
                    {
                        "ImageIndex": edition.index,
                        "ImagePackageID": package.package_id,
                        "UpdateID": identity,
                        "AppliedDateTime": known["AppliedDateTime"] if there else None,
                        "UpdateInstallationStatus": known["UpdateInstallationStatus"],
                        "UpdateStatus": status,
                        "UpdateTitle": update.title,
                    },
                )

    def _statuses(self) -> Iterator[dict[str, Value]]:
        for record in list(self._table("SMS_ImageUpdateStatus").records.values()):
            yield record.values

    def _view(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        for values in self._statuses():
            package = self._world.package(values["ImagePackageID"])
            if package is not None:
                yield {
                    "ImageIndex": values["ImageIndex"],
                    "ImagePackageID": values["ImagePackageID"],
                    "UpdateID": values["UpdateID"],
                    "ErrorCode": values["UpdateInstallationStatus"],
                    "PackageDescription": package.record.values.get("Description"),
                    "PackageName": package.record.values.get("Name"),
                }

    def _failed(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        images: Counter[int] = Counter()
        titles: dict[int, Value] = {}
        failures = {
            (values["UpdateID"], values["ImagePackageID"], values["UpdateTitle"])
            for values in self._statuses()
            if values["UpdateInstallationStatus"]
        }
        for identity, _package_id, title in failures:
            images[identity] += 1
            titles[identity] = title
        for identity, count in sorted(images.items()):
            yield {"UpdateID": identity, "FailedImageCount": count, "Title": titles[identity]}
