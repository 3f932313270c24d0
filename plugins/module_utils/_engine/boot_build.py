# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build at the end of a task: at most one RefreshPkgSource, followed to its end, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._cim.instance import Instance
from .._cim.types import STRING, UINT32, Codec
from .._provider.errors import ProviderError
from .._wsman.errors import ConfigMgrError, OutcomeUnknown
from . import boot_staleness, boot_wim, report
from .boot_write import LongWrite
from .build import COMPLETE, ERROR, IN_PROGRESS, context_for
from .operation import Earlier, Operation, Target
from .refresh import Refresh, Wish
from .selection import Asked

if TYPE_CHECKING:
    from .boot_state import BootImage

# Seconds that a reload gets whose answer was lost, where nothing shows its end.
RELOAD_PATIENCE = 600.0

# The kinds of errors that say that nothing came of a build.
_BROKE = ("operation_failed", "provider_error", "access_denied", "locked", "not_on_this_version", "not_found")


class Build:
    """The build of one boot image. `failure` says what went wrong, empty if nothing did."""

    def __init__(self, task: BootImage, operation: Operation) -> None:
        self.failure = ""
        self.broke = False
        self.restored = False
        self.reloaded = False
        self._renewed = False  # its original is the kit's by now, by this run or an earlier one
        self.row: dict[str, Any] | None = None
        self.resume: list[dict[str, Any]] = []
        self._task = task
        self._operation = operation

    def run(self, wrote: bool) -> None:
        """Bring what is due about. `wrote`: this run changed settings, so nothing that ran before counts."""
        task = self._task
        if task.need.reload and not self._renewed:
            self.reload()
        earlier = None if wrote else self._begun()
        if not task.need.due:  # it ended while we waited
            return
        target = self._refresh(earlier)
        self.row = report.package_row(target, False)
        self.resume = report.resume_items([target])
        if target.status in ("failed", "not_attempted"):
            self._failed(target)
        elif task.rules.build.wait:
            self._look_again()

    def _begun(self) -> Earlier | None:
        """The build that a killed run began, if it runs or has just ended. Else waits until no action is under way."""
        task = self._task
        if not task.need.pending:
            return None
        context = context_for(task.site, task.object_id)
        status = task.follower.status(context)
        if status.status in (IN_PROGRESS, COMPLETE):
            return Earlier(
                task.object_id, sent=True, version_before=task.source_version, context_id=context, answer_lost=True
            )
        task.follower.forget(context, status)
        if task.await_idle():
            task.plan()
        return None

    def _refresh(self, earlier: Earlier | None) -> Target:
        task = self._task
        package_id = task.object_id
        wish = Wish(Asked(package_ids=(package_id,)), resume={package_id: earlier} if earlier else {})
        refresh = Refresh(
            self._operation, (task.resource,), task.site, wish, task.rules.build, task.site.means.clock, task.say
        )
        refresh.plan()
        refresh.perform()
        return refresh.targets[0]

    def _failed(self, target: Target) -> None:
        task = self._task
        kind = (target.error or {}).get("kind", "")
        ended = target.build is not None and target.build.status == ERROR
        self.broke = not target.sent and (ended or kind in _BROKE)
        named = task.wishes.at_fault(target.build.error_info if target.build else "", task.found)
        self.failure = f"{task.object_label} was not built: {target.reason}{named}"

    def _look_again(self) -> None:
        """What the image is after the build; one that is still too old is a failure with both versions."""
        task = self._task
        task.found = task.site.get(task.resource.wmi_class, task.object_id)
        task.staleness = task.measure(task.found)
        if not task.need.stale:
            return
        reasons = (
            task.staleness.reasons
            if self._renewed
            else [reason for reason in task.staleness.reasons if "Windows PE" not in reason]
        )
        if reasons:
            self.failure = (
                f"{task.object_label} was built and is still too old: {'; '.join(reasons)}. "
                "It is not built again for these versions. Look into SMSProv.log on the provider host"
            )

    # -- Windows PE ------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Reload the original with the kit's Windows PE (ReloadWinPeFromAdk, behaviour 89). Sent once; a lost answer is settled by reading.

        An earlier run that did not come to the build may have done it already.
        """
        task = self._task
        self._renewed = task.need.pending and self._has_winpe() is True
        if self._renewed:
            return
        task.say(
            f"{task.object_label}: its WIM is written anew from the deployment kit; what was changed in it by hand is lost"
        )
        package_id, class_name = task.object_id, task.resource.wmi_class
        longest, clock = task.rules.build.build_timeout, task.site.means.clock
        write = LongWrite(
            task.site,
            lambda site: site.call(class_name, "ReloadWinPeFromAdk", {"PackageID": package_id}, timeout=longest),
            "reload",
        )
        write.wait(clock, task.rules.build.wait_interval, longest)
        if isinstance(write.error, OutcomeUnknown) and write.error.timed_out_at_server:
            self._await_winpe(write.error)
        elif not write.ended:
            raise OutcomeUnknown(
                f"The write was not answered within {longest:g} s",
                where=task.site.where,
                hint="Look at the object before sending it again.",
            )
        elif write.error is not None:
            raise write.error
        self.reloaded = self._renewed = True

    def _await_winpe(self, lost: OutcomeUnknown) -> None:
        """Until the image, or the file behind it, has the kit's Windows PE. Raises the lost answer if the file goes on to show the old one.

        A site that shows neither gets some minutes; whether it helped is seen after the build.
        """
        task = self._task
        clock = task.site.means.clock
        began = clock.now()
        while not (there := self._has_winpe()):
            if clock.now() - began > RELOAD_PATIENCE:
                if there is False:
                    raise lost
                task.say(
                    f"{task.object_label}: nothing shows whether its Windows PE was reloaded; it is built now, and looked at again"
                )
                return
            clock.sleep(task.rules.build.wait_interval)

    def _has_winpe(self) -> bool | None:
        """Whether the WIM is the kit's: by the image, or by the file, where a site shows it after the build only; None if it cannot be read."""
        task = self._task
        now = task.site.get(task.resource.wmi_class, task.object_id)
        age = task.measure(now)
        if age.winpe is False:
            return True
        path, index = now.value("ImagePath", STRING) or "", now.value("ImageIndex", UINT32) or 1
        try:
            told = boot_wim.read_images(task.site, task.resource.wmi_class, path).get(index, {}).get("os version", "")
        except ProviderError:
            return None
        older = boot_staleness.older_build(told, age.site.kit)
        return None if older is None else not older

    # -- taking back -----------------------------------------------------------------------------------------------

    def restore(self, before: Instance, writes: Mapping[str, Any]) -> None:
        """Put the settings back that this run had changed, after a build that came to nothing.

        Where somebody else changed one of them meanwhile, all are left as they are.
        """
        task, written = self._task, self._task.found
        codecs = {item.wmi: item.codec for item in task.resource.properties}
        back = {name: (codecs[name], before.value(name, codecs[name])) for name in writes}
        back["ContextID"] = (STRING, before.value("ContextID", STRING) or "")
        try:
            read = task.site.get(task.resource.wmi_class, task.object_id)
            if written is not None and written is not before and _differ(written, read, back):
                self.failure += ". Somebody else changed the settings meanwhile, so they were not put back"
                return
            task.send_long(read, back, owes=False)
            task.found = task.site.get(task.resource.wmi_class, task.object_id)
        except ConfigMgrError as problem:
            self.failure += f". The settings could not be put back: {problem}"
            return
        self.restored = True
        self.failure += ". The settings are as they were before"


def _differ(one: Instance, other: Instance, names: Mapping[str, tuple[Codec, Any]]) -> bool:
    return any(one.value(name, codec) != other.value(name, codec) for name, (codec, _value) in names.items())
