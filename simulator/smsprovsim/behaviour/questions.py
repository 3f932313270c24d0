# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no source settles about the site: each question with its answers, and the answer taken by default."""

from __future__ import annotations

from ..switches import register

# name -> (values, default, fact, why)
_QUESTIONS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "members": (
        ("all", "2002", "sdk"), "all", "README D22, D23, D30",
        "Which members a class has: all that a source names, those of a live 2002 site, or those documented.",
    ),
    "lazy_in_query": (
        ("null", "default"), "null", "behaviour 11",
        "What a query gives for a lazy property: null, or the default of the property.",
    ),
    "lazy_in_where": (
        ("refused", "value"), "refused", "behaviour 11",
        "A lazy property in WHERE or ORDER BY: the query is refused, or the stored value counts.",
    ),
    "get_by_base_class": (
        ("not_found", "derived"), "not_found", "behaviour 14",
        "An object addressed through a class it is derived from: not found, or the object.",
    ),
    "join_rows": (
        ("generic", "fragment"), "generic", "behaviour 17; wire E-13, T-15",
        "A row of a JOIN over WS-Management: an object of class __Generic, or a w:XmlFragment as any projection.",
    ),
    "datetime_zone": (("+***", "+000"), "+***", "behaviour 21", "Zone part of the datetime values of the site."),
    "package_times": (
        ("utc", "local"), "utc", "behaviour 21",
        "Whether SourceDate and LastRefreshTime are UTC or the time of the owning site server.",
    ),
    "busy_refresh": (
        ("once_more", "coalesce", "each"), "once_more", "behaviour 59",
        "A refresh during another: one more run afterwards, none, or one for each call.",
    ),
    "action_in_progress": (
        ("until_stored", "until_taken"), "until_stored", "behaviour 58; SMS_PackageBaseclass",
        "ActionInProgress goes back to 0 when the content is stored, or when the distribution manager takes the job.",
    ),
    "foreign_refresh": (
        ("ignored", "marked"), "ignored", "behaviour 61",
        "RefreshPkgSource on a site that does not own the package: nothing, or ActionInProgress 1 for a minute. "
        "The version never rises.",
    ),
    "central_refresh": (
        ("owner_acts", "ignored"), "owner_acts", "behaviour 109",
        "RefreshPkgSource at the central site for a package of a child: the owning site acts, or nothing happens.",
    ),
    "unchanged_source": (
        ("raises", "stays"), "raises", "behaviour 63",
        "A refresh with an unchanged source: the version rises, or only LastRefreshTime does.",
    ),
    "package_thread": (
        ("until_distributed", "until_stored"), "until_distributed", "behaviour 60",
        "How long a package takes up one of the three places: until its distribution points are served, or less.",
    ),
    "message_state_error": (
        ("3", "4"), "3", "behaviour 75", "MessageState of an error: 3 in the SDK, 4 in SQL reports.",
    ),
    "refresh_needs_lock": (
        ("no", "yes"), "no", "behaviour 35", "Whether RefreshPkgSource fails while somebody else holds the edit lock.",
    ),
    "put_read_only": (
        ("ignored", "refused"), "ignored", "README open question 3; behaviour 40",
        "A changed value of a read-only property in a Put.",
    ),
    "delete_used": (
        ("allowed", "refused"), "allowed", "README open question 9; behaviour 115",
        "Whether the provider deletes an image or a package that a task sequence uses.",
    ),
    "existing_target": (
        ("ignored", "refused"), "ignored", "README open question 4",
        "AddDistributionPoints for a distribution point that has the package already.",
    ),
    "boot_builds": (
        ("parallel", "serial"), "parallel", "behaviour 82, 95",
        "Two boot image builds on one provider host: at the same time, or one after the other.",
    ),
    "cancelled_build": (
        ("stops", "goes_on"), "stops", "behaviour 83; wire S-11",
        "What a boot image build does when WinRM has cancelled its call.",
    ),
    "component_rows": (
        ("both", "kit"), "both", "behaviour 14; SMS_WinPEOptionalComponentInfo",
        "Whether SMS_WinPEOptionalComponentInfo has objects of its own, so that a query of it finds a component twice, "
        "or only those of the class about the kit, which is derived from it.",
    ),
    "missing_dependency": (
        ("build_fails", "build_adds"), "build_fails", "SMS_BootImagePackage.OptionalComponents",
        "An optional component without those it needs: the build fails, or adds them.",
    ),
    "boot_put": (
        ("saves", "builds"), "saves", "behaviour 82, 86; SMS_BootImagePackage.ContextID",
        "What a Put of an existing boot image does: it saves the settings, or it builds the image as that of a new one.",
    ),
    "context_id": (
        ("kept", "dropped"), "kept", "SMS_BootImagePackage.ContextID",
        "Whether a boot image shows the ContextID of its last Put afterwards, or none.",
    ),
    "boot_row": (
        ("after_build", "before_build"), "after_build", "behaviour 82",
        "When a Put that builds writes the object: after the build, so that a failed one leaves nothing, or before it.",
    ),
    "boot_architecture": (
        ("number", "name"), "number", "README D1; SMS_BootImagePackage.Architecture",
        "How the property Architecture of a boot image is spelled: 0, 9 and 12, or x86, x64 and arm64.",
    ),
    "reload_shows": (
        ("after_build", "at_once"), "after_build", "behaviour 89",
        "When a boot image shows the version of its new Windows PE after ReloadWinPeFromAdk: after a build, or at once.",
    ),
    "reload_properties": (
        ("needs_put", "saved"), "needs_put", "behaviour 88, 99",
        "Whether ReloadImageProperties saves what it has read, or the next Put of the object does.",
    ),
    "unreadable_image": (
        ("refused", "accepted"), "refused", "behaviour 32; SMS_ImagePackage",
        "An operating system image is created with a path that cannot be read: refused, or stored without metadata.",
    ),
    "export_arm64": (
        ("accepted", "refused"), "accepted", "README open question 6",
        "Whether ExportDefaultBootImage takes the architecture arm64.",
    ),
    "update_image": (
        ("nothing", "rebuilds"), "nothing", "README open question 2; behaviour 87",
        "What UpdateImage and UpdateDefaultImage do: nothing, or they build the default boot images anew.",
    ),
    "client_version": (
        ("of_the_site", "of_its_own"), "of_the_site", "SMS_BootImagePackage.ProductionClientVersion",
        "Whether the client that goes into boot images has the version of the site, or a higher last number.",
    ),
    "abandoned_lock": (
        ("two_hours", "never"), "two_hours", "behaviour 39; README open question 12",
        "When a lock that nobody gives back stops to count: two hours after it was taken, or never.",
    ),
    "foreign_release": (
        ("refused", "accepted"), "refused", "behaviour 37, 39",
        "ReleaseLock with context and machine of the holder, by another user: refused, or the lock goes.",
    ),
    "audit_component": (
        ("program", "provider"), "program", "behaviour 7, 120",
        "Component of an audit message: the name of the program (ApplicationName), or the provider's own.",
    ),
    "audit_strings": (
        ("package_id", "name_only"), "package_id", "behaviour 120",
        "What the strings of an audit message name an object by: its PackageID and its name, or its name only.",
    ),
    "continued_run": (
        ("fails", "succeeds"), "fails", "behaviour 100; SMS_ImageServicingSchedule.ContinueOnError",
        "How offline servicing ends that went on after a failed update: as failed, or as succeeded.",
    ),
    "recurring_state": (
        ("outcome", "scheduled"), "outcome", "behaviour 100; SMS_ImageServicingSchedule.State",
        "State of a recurring job of offline servicing between two runs: the outcome of the last one, or scheduled.",
    ),
    "failed_put_lock": (
        ("given_back", "stays"), "given_back", "behaviour 34",
        "The lock that a Put takes by itself, when the Put is refused: it is given back, or stays with the caller.",
    ),
    "implicit_lock": (
        ("any_caller", "needs_context"), "any_caller", "README open question 12; behaviour 34, 37",
        "Whether a Put or Delete that takes its lock by itself needs ObjectLockContext and MachineName.",
    ),
    "path_identity": (
        ("caller", "computer"), "caller", "wire A-13; behaviour 32",
        "Who reads the path given to GetImageProperties or CheckSourceFolder: the caller, which takes a login that can be "
        "used once more, or the computer account of the provider host.",
    ),
    "unreadable_path": (
        ("error", "return_value"), "error", "SMS_ImagePackage",
        "How GetImageProperties says that it cannot read the path: an SMS_ExtendedStatus, or a return value.",
    ),
    "schedule_without_source": (
        ("refused", "ignored"), "refused", "behaviour 47",
        "A RefreshSchedule for a package whose PkgSourceFlag is not 2: the Put is refused, or the schedule left as it was.",
    ),
    "sign_in_refusal": (
        ("access_denied", "provider_error"), "access_denied", "behaviour 5",
        "How the provider refuses a sign-in that is too weak: 0x80041003, or 0x80041001 with a text. "
        "Either way only in the namespace of the site.",
    ),
    "timed_out_lock": (
        ("given_to_writers", "on_request"), "given_to_writers", "behaviour 39; SMS_ObjectLock; README open question 12",
        "A lock that has timed out (LockState 4): a Put takes it as a free one, or only RequestLock does (11, granted "
        "after timeout).",
    ),
    "time_zone_info": (
        ("words", "other"), "words", "SMS_Site",
        "SMS_Site.TimeZoneInfo, of which the reference says binary structure as text: the words of a "
        "TIME_ZONE_INFORMATION in hexadecimal, or something else.",
    ),
    "local_site": (
        ("scenario", "cen", "ps1", "ps2"), "scenario", "behaviour 2",
        "Site whose SMS_ProviderLocation row has ProviderForLocalSite true: as the scenario says, or another.",
    ),
}  # fmt: skip

# name -> (values, default, why with the fact it is about)
SWITCHES: dict[str, tuple[tuple[str, ...], str, str]] = {}

for _name, (_values, _default, _fact, _why) in _QUESTIONS.items():
    register(_name, _values, _default, _fact, _why, side="site")
    SWITCHES[_name] = (_values, _default, f"{_why} ({_fact})")
