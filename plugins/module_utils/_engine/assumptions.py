# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could be different on a real site: every question that no source settles, and what this project assumes.

The simulator has a switch of the same name for each. A test holds the two tables against each other, hacking/assumptions.py
makes the page of them. Nothing is imported here beyond the standard library, because that program reads this file by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBER = "<number>"
# How to find out where no probe does.
WRITE = "No way to tell without a change at the site."


@dataclass(frozen=True)
class Assumption:
    """One open question. The first of `answers` is what is assumed; `matters` says where it would show.

    `steps`: what to do by hand; empty where a probe of the same name finds out by reading.
    """

    name: str
    question: str
    answers: tuple[str, ...]
    matters: str
    steps: str = ""

    @property
    def assumed(self) -> str:
        """The answer that is taken for granted until a site says otherwise."""
        return self.answers[0]


_CODES_ABSENT = ("2150858752", "2150858754", "2150858811")
_REFRESH = "cm_package_refresh: what happens behind the call, and when it counts as done."
_WAIT = "How long cm_package_refresh waits for the end."
_PUT = "Changes of images and boot images: what a write leaves behind, and what comes back."
_WORDS = "The words of an error, and the next step it names."
_LIST = "How many answers a list takes. Lists of any form are read."
_TIMES = "source_modified and max_age of cm_package_refresh, and the times in results."
_VALUES = "How values are read. All forms are."
_BOOT = "Boot images: what changes, and when it shows."
_IMAGES = "Images: what they show after a change."
_UNFINISHED = "Whether the next run of an image module finishes the work of one that was killed before its refresh."
_LOGIN = "Logging in with auth credssp."

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "abandoned_lock",
        "When a lock that nobody gives back stops to count.",
        ("two_hours", "never"),
        "Changes: how long the lock of somebody else stands in the way.",
        WRITE + " Lock an object in a console, end that process, and look at the lock after two hours.",
    ),
    Assumption(
        "access_denied_code",
        "Which code WinRM gives when WMI denies access.",
        ("5", "2150859013", "2147749891"),
        _WORDS,
        "Run cm_connection_check with an account that is not in the local group SMS Admins, and read the code in the message.",
    ),
    Assumption(
        "action_in_progress",
        "When ActionInProgress of a package goes back to 0.",
        ("until_stored", "until_taken"),
        _REFRESH,
        WRITE
        + " Refresh one package and read it every second: does ActionInProgress end before StoredPkgVersion rises?",
    ),
    Assumption(
        "activity_id",
        "Whether answers carry an m:ActivityId header.",
        ("absent", "present"),
        "Nothing: the header is not read.",
    ),
    Assumption(
        "audit_component",
        "Whether an audit message has the name of the program as its component.",
        ("program", "provider"),
        _UNFINISHED + " Without it, pending is unknown, and a warning says so.",
    ),
    Assumption(
        "audit_strings",
        "Whether an audit message has the PackageID among its strings.",
        ("package_id", "name_only"),
        _UNFINISHED + " Without it, such a run is not noticed: repeat it with refresh: always, or rebuild: always.",
    ),
    Assumption(
        "boot_architecture",
        "How the property Architecture of a boot image is spelled.",
        ("number", "name"),
        "Nothing: both are read.",
    ),
    Assumption(
        "boot_builds",
        "Whether one provider host builds two boot images at the same time.",
        ("parallel", "serial"),
        _WAIT,
        WRITE + " Refresh two boot images with when_busy=wait and in_flight=2, and compare SMSProv.log.",
    ),
    Assumption(
        "boot_put",
        "Whether a Put of an existing boot image builds it.",
        ("saves", "builds"),
        "How long a change of a boot image takes. Every Put of one is waited for as a build.",
        WRITE + " Change the description of a boot image, and read SMSProv.log.",
    ),
    Assumption(
        "boot_row",
        "When a Put that builds a boot image writes the object.",
        ("after_build", "before_build"),
        "What a failed build of a new boot image leaves behind.",
        WRITE + " Create a boot image with a driver that is not signed, and look for it in the console.",
    ),
    Assumption(
        "busy_refresh",
        "What a refresh during another one does: one more run, none, or one for each call.",
        ("once_more", "coalesce", "each"),
        _REFRESH,
        WRITE + " Refresh a large package twice within a second, and see by how much SourceVersion rises.",
    ),
    Assumption("byte_accounting", "How many bytes WinRM charges for a character of an answer.", ("two", "one"), _LIST),
    Assumption(
        "cancelled_build",
        "What a boot image build does when WinRM has cancelled its call.",
        ("stops", "goes_on"),
        "cm_package_refresh for boot images.",
        WRITE
        + " Refresh a boot image on a host with the default MaxTimeoutms, and read SMSProv.log after the first minute.",
    ),
    Assumption(
        "central_refresh",
        "What a refresh at the central site does for a package of a child site.",
        ("owner_acts", "ignored"),
        "owner_mismatch of cm_package_refresh.",
        WRITE + " Refresh such a package with owner_mismatch=send, and see whether SourceVersion rises.",
    ),
    Assumption(
        "certificate_refusal",
        "With which status a client certificate is refused that is expired or signed by a stranger.",
        ("403", "401"),
        "The words of an error with auth certificate.",
        "Run cm_connection_check with auth=certificate and an expired certificate, and read the message.",
    ),
    Assumption(
        "channel_binding",
        "CbtHardeningLevel: whether a login over TLS needs the channel binding token.",
        ("relaxed", "strict", "none"),
        "Logging in over HTTPS. The token is always sent.",
    ),
    Assumption(
        "class_qualifiers",
        "Whether key, lazy and read come along with a class.",
        ("present", "absent"),
        "The fidelity report, and learning types from the site.",
    ),
    Assumption(
        "client_version",
        "Whether the client in boot images has the version of the site.",
        ("of_the_site", "of_its_own"),
        _BOOT,
    ),
    Assumption(
        "component_rows",
        "Whether the class of all optional components has objects of its own beside those of the kit.",
        ("both", "kit"),
        "Optional components by name. Both forms are read.",
    ),
    Assumption(
        "context_id",
        "Whether a boot image shows the ContextID of its last Put afterwards.",
        ("kept", "dropped"),
        "By what a run sees that a killed one did not build: by the id, or by the audit messages of the image. Without the id, an image "
        "that stays too old is built by every run with rebuild: if_stale.",
        WRITE + " Change the description of a boot image with cm_boot_image, and look at context_id in its result.",
    ),
    Assumption(
        "context_options",
        "Whether WinRM takes options whose names begin with wmi:.",
        ("accepted", "refused", "invalid"),
        "audit_name: where they are refused, it is left out.",
    ),
    Assumption(
        "continued_run",
        "How offline servicing ends that went on after a failed update.",
        ("fails", "succeeds"),
        "cm_offline_servicing with continue_on_error.",
        WRITE
        + " Service an image with an update that cannot be installed offline, and read the state of the schedule.",
    ),
    Assumption(
        "credssp_error_code",
        "Which code comes with a CredSSP login that is refused.",
        ("logon_denied", "reason"),
        _WORDS,
        "Run cm_connection_check with auth=credssp and an expired test account, and read the message.",
    ),
    Assumption(
        "credssp_minimum_version",
        "The oldest CredSSP version a host takes.",
        ("2", "5"),
        _LOGIN,
        "Read the policy Encryption Oracle Remediation of the provider host: Force Updated Clients stands for 5.",
    ),
    Assumption(
        "credssp_trailer",
        "Whether a host refuses a wrong trailer length of CredSSP.",
        ("relaxed", "strict"),
        "Logging in with auth credssp. The length sent is right.",
        "No way to tell from here: it takes a client that sends a wrong length.",
    ),
    Assumption(
        "credssp_version",
        "The newest CredSSP version a host speaks.",
        ("6", "5", "3", "2"),
        _LOGIN,
        "Look at the patch level of the host: 2 without those of 2018.",
    ),
    Assumption(
        "datetime_bare_text",
        "Whether a date is taken without an element of its own.",
        ("refused", "accepted"),
        _PUT,
        WRITE,
    ),
    Assumption(
        "datetime_dmtf",
        "Whether a date is taken in the form of WMI, which alone says that it has no zone.",
        ("accepted", "refused"),
        "refresh_schedule: where it is not, the date is sent as xs:dateTime without a zone.",
        WRITE + " Set a refresh_schedule with cm_image_package and CONFIGMGR_TRACE, and look for a second Put.",
    ),
    Assumption(
        "datetime_without_zone",
        "How a date without zone is sent: with Z, without, or in the DMTF form.",
        ("z", "none", "dmtf"),
        _TIMES,
    ),
    Assumption("datetime_zone", "Whether the site's dates have no zone, or Greenwich.", ("+***", "+000"), _TIMES),
    Assumption(
        "delete_used",
        "Whether the provider deletes a package that a task sequence uses.",
        ("allowed", "refused"),
        "state: absent with force.",
        WRITE + " Delete a test image that a task sequence uses, with force=task_sequences.",
    ),
    Assumption(
        "embedded_without_type",
        "Whether an object inside a value is taken without its class.",
        ("refused", "declared"),
        _PUT,
        WRITE,
    ),
    Assumption(
        "embedded_wrapper",
        "Whether an object inside a value has one more element around it.",
        ("absent", "present"),
        _VALUES,
    ),
    Assumption("enumeration_timeout_ms", "How long a list may stay idle, in milliseconds.", ("60000", NUMBER), _LIST),
    Assumption(
        "existing_target",
        "What AddDistributionPoints does for a distribution point that has the package.",
        ("ignored", "refused"),
        "distribution_points of cm_image_package and cm_boot_image: what has the package already is left out.",
        WRITE + " Call AddDistributionPoints with cm_wmi_method for a package and a distribution point that has it.",
    ),
    Assumption(
        "export_arm64",
        "Whether ExportDefaultBootImage takes the architecture arm64.",
        ("accepted", "refused"),
        _BOOT,
        WRITE + " Export one.",
    ),
    Assumption(
        "failed_put_lock",
        "What becomes of the lock that a refused Put took by itself.",
        ("given_back", "stays"),
        _PUT,
        WRITE + " Write a value that the provider refuses, and look at the lock of the object.",
    ),
    Assumption(
        "fault_reason",
        "Whether a refusal carries its text in the place for it, or only further down.",
        ("text", "empty"),
        _WORDS,
    ),
    Assumption("first_batch", "How many rows come with the first answer of a list.", ("one", "full"), _LIST),
    Assumption(
        "foreign_refresh",
        "What a refresh does at a site that does not own the package.",
        ("ignored", "marked"),
        "owner_mismatch of cm_package_refresh.",
        WRITE + " Refresh such a package with owner_mismatch=send, and read ActionInProgress for a minute.",
    ),
    Assumption(
        "foreign_release",
        "Whether ReleaseLock takes away the lock of another user.",
        ("refused", "accepted"),
        "lock_takeover: any.",
        WRITE + " Lock an object in a console, and run a task with lock_takeover=any as another user.",
    ),
    Assumption(
        "get_by_base_class",
        "Whether a package can be read through SMS_PackageBaseclass.",
        ("not_found", "derived"),
        "Nothing: packages are read through their own class.",
    ),
    Assumption(
        "idle_connection_seconds",
        "After how many seconds an idle connection is dropped; 0 is never.",
        ("0", NUMBER),
        "Long waits. The login is made anew.",
        "Run cm_package_refresh with wait_interval above 120 and CONFIGMGR_TRACE set, and look for a second login.",
    ),
    Assumption(
        "illegal_characters",
        "What comes of characters that XML cannot carry: a question mark, or a refusal.",
        ("question_mark", "fault"),
        "Reading such a package.",
        "Find a package whose description holds a control character, and read it with cm_package_info.",
    ),
    Assumption(
        "implicit_lock",
        "Whether a write that takes its lock by itself needs ObjectLockContext and MachineName.",
        ("any_caller", "needs_context"),
        _PUT,
        WRITE + " Change a description by a script that sets no context values.",
    ),
    Assumption(
        "join_rows",
        "Whether a row of a JOIN is an object of class __Generic, or a fragment as of any projection.",
        ("generic", "fragment"),
        "Nothing: both are read.",
    ),
    Assumption(
        "lazy_in_query",
        "What a query gives for a lazy property: null, or its default.",
        ("null", "default"),
        "Nothing: lazy properties are read by Get.",
    ),
    Assumption(
        "lazy_in_where",
        "Whether a query may have a condition on a lazy property.",
        ("refused", "value"),
        "Nothing: no such query is sent.",
    ),
    Assumption(
        "local_site",
        "Which site a provider host names as its own.",
        ("scenario", "cen", "ps1", "ps2"),
        "Finding out site_code. Give it where it is found wrong.",
        "Run Get-CimInstance -Namespace root/sms SMS_ProviderLocation on the host: is ProviderForLocalSite true for its own site alone?",
    ),
    Assumption("max_batch_items", "Most rows in one answer.", ("32000", NUMBER), _LIST),
    Assumption(
        "max_envelope_kb",
        "MaxEnvelopeSizekb of the host.",
        ("500", NUMBER),
        "Reading large packages whole, and how many answers a list takes.",
    ),
    Assumption(
        "max_operations_per_user",
        "How many lists one account may have open.",
        ("15", NUMBER),
        "Many tasks at once with one account.",
        "Read MaxConcurrentOperationsPerUser of the WMI plug-in on the host: winrm get winrm/config/plugin?Name=WMI+Provider.",
    ),
    Assumption(
        "max_timeout_ms",
        "MaxTimeoutms of the host.",
        ("60000", NUMBER),
        "Boot images: whether the call ends before the build does.",
    ),
    Assumption(
        "members",
        "Which properties and methods the classes have: all known, those of release 2002, or those documented.",
        ("all", "2002", "sdk"),
        "What can be asked for with properties.",
    ),
    Assumption(
        "message_state_error",
        "Which MessageState stands for an error at a distribution point.",
        ("3", "4"),
        "The reason that is told for a failed distribution point. 3 and above count.",
    ),
    Assumption(
        "microsoft_uri",
        "Whether the host takes resource URIs in the Microsoft form for these classes.",
        ("accepted", "refused"),
        "uri_style auto tries the other form.",
    ),
    Assumption(
        "microsoft_uri_code",
        "With which code it refuses them, if it does.",
        _CODES_ABSENT,
        "uri_style auto tries the other form after each of these.",
    ),
    Assumption(
        "missing_dependency",
        "What a build does with an optional component that lacks one it needs.",
        ("build_fails", "build_adds"),
        "Nothing: what a component needs is written along with it.",
        WRITE + " Take a component out that another one needs, and refresh the boot image.",
    ),
    Assumption("null_array", "Whether an empty array is left out, or sent as null.", ("absent", "nil"), _VALUES),
    Assumption(
        "output_type",
        "Whether the answer of a method names its type.",
        ("present", "absent"),
        "Nothing: it is not read.",
    ),
    Assumption(
        "package_thread",
        "How long a package takes up one of the three places of the distribution manager.",
        ("until_distributed", "until_stored"),
        _WAIT,
        WRITE + " Refresh four large packages, and read distmgr.log for when the fourth begins.",
    ),
    Assumption(
        "package_times",
        "Whether dates of packages are UTC or the time of the site server.",
        ("utc", "local"),
        _TIMES,
        WRITE + " Refresh a package, and compare LastRefreshTime with the clock.",
    ),
    Assumption(
        "path_identity",
        "Who reads a path that is given to GetImageProperties or CheckSourceFolder.",
        ("caller", "computer"),
        "share_path of cm_connection_check, cm_wim_info, and comparing an image with its source.",
        "Run cm_connection_check with share_path once with auth=ntlm and once with auth=credssp, on a share that only the account may read.",
    ),
    Assumption(
        "plain_refusal",
        "With which status a request without encryption is refused.",
        ("500", "400", "401"),
        _WORDS,
        "No way to tell from here: nothing is ever sent without encryption.",
    ),
    Assumption(
        "put_absent_array", "What becomes of an array that a Put leaves out.", ("unchanged", "null"), _PUT, WRITE
    ),
    Assumption(
        "put_absent_property",
        "What becomes of a property that a Put leaves out.",
        ("refused", "null", "unchanged"),
        _PUT,
        WRITE,
    ),
    Assumption(
        "put_read_only", "What becomes of a changed read-only property in a Put.", ("ignored", "refused"), _PUT, WRITE
    ),
    Assumption("put_response", "Whether the answer to a Put holds the object.", ("instance", "empty"), _PUT, WRITE),
    Assumption(
        "recurring_state",
        "Which state a recurring job of offline servicing has between two runs.",
        ("outcome", "scheduled"),
        "cm_offline_servicing with wait and a recurring schedule. Both are read.",
    ),
    Assumption(
        "refresh_needs_lock",
        "Whether a refresh fails while somebody edits the package in the console.",
        ("no", "yes"),
        "cm_package_refresh: the error names who holds the lock.",
        WRITE + " Open the properties of a package in the console, change a field without saving, and refresh it.",
    ),
    Assumption(
        "reload_properties",
        "Whether ReloadImageProperties saves what it has read.",
        ("needs_put", "saved"),
        _IMAGES,
        WRITE + " Replace a WIM, run ReloadImageProperties, and read ImageProperty.",
    ),
    Assumption(
        "reload_shows",
        "When a boot image shows the version of its new Windows PE.",
        ("after_build", "at_once"),
        _BOOT,
        WRITE + " Run ReloadWinPeFromAdk with a newer kit, and read ImageOSVersion before the build.",
    ),
    Assumption(
        "response_charset", "Whether answers are UTF-8 or UTF-16.", ("utf-8", "utf-16"), "Nothing: both are read."
    ),
    Assumption(
        "response_namespace_case",
        "Whether an answer repeats the spelling of the namespace.",
        ("request", "lower"),
        "Nothing: the namespace of an answer is not compared.",
    ),
    Assumption(
        "schedule_without_source",
        "What becomes of a refresh schedule of a package that is not taken from a source.",
        ("refused", "ignored"),
        "Nothing: no such schedule is sent.",
        WRITE + " Set a schedule by a script for a package without source files.",
    ),
    Assumption(
        "sign_in_refusal",
        "How the provider refuses a sign-in that is too weak.",
        ("access_denied", "provider_error"),
        _WORDS,
        "Only on a site whose minimum sign-in strength was raised: run cm_connection_check with user name and password.",
    ),
    Assumption(
        "time_zone_info",
        "Whether TimeZoneInfo of a site is the words of a TIME_ZONE_INFORMATION in hexadecimal.",
        ("words", "other"),
        "source_modified and max_age of cm_package_refresh: where the zone cannot be read, more is refreshed than need be.",
    ),
    Assumption(
        "timed_out_lock",
        "Whether a Put takes a lock that has timed out.",
        ("given_to_writers", "on_request"),
        "Nothing: where it does not, the lock is asked for.",
        WRITE + " Lock an object in a console, end that process, and change it with a script after two hours.",
    ),
    Assumption(
        "unchanged_source",
        "Whether a refresh with an unchanged source raises the version.",
        ("raises", "stays"),
        _REFRESH,
        WRITE + " Refresh a package twice, an hour apart, and compare SourceVersion.",
    ),
    Assumption(
        "unknown_class_code",
        "Which code comes for a class that does not exist.",
        ("2150858752", "2150858811", "2147749904"),
        _WORDS,
    ),
    Assumption(
        "unknown_namespace_code",
        "Which code comes for a namespace that does not exist.",
        ("2150858754", "2150858811", "2147749902"),
        _WORDS,
    ),
    Assumption(
        "unreadable_image",
        "Whether an operating system image can be created with a path that cannot be read.",
        ("refused", "accepted"),
        _IMAGES,
        WRITE + " Create an image with the path of a file that does not exist.",
    ),
    Assumption(
        "unreadable_path",
        "How GetImageProperties says that it cannot read a path.",
        ("error", "return_value"),
        "share_path of cm_connection_check, and cm_wim_info. Both forms are read.",
        "Run cm_connection_check with a share_path that does not exist, and read the message.",
    ),
    Assumption(
        "update_image",
        "What UpdateImage and UpdateDefaultImage do.",
        ("nothing", "rebuilds"),
        _BOOT,
        WRITE + " No successful call is known.",
    ),
    Assumption(
        "winrm_config",
        "Whether an account that is no administrator may read WinRM's settings.",
        ("denied", "readable"),
        "cm_connection_check: limits it can only measure where the settings are denied.",
    ),
    Assumption(
        "wmi_error", "When the detail of a refusal is an MSFT_WmiError.", ("mi_client", "dmtf", "never"), _WORDS
    ),
    Assumption(
        "wmi_outer_code",
        "Which code WinRM puts around one of WMI that it does not know.",
        ("provider_failure", "hresult"),
        _WORDS,
    ),
    Assumption(
        "work_after_timeout",
        "Whether the provider works on when WinRM has ended the wait.",
        ("goes_on", "cancelled"),
        "Boot images: a build outlives its call.",
        WRITE + " Refresh a boot image on a host with the default MaxTimeoutms, and see whether SourceVersion rises.",
    ),
)
