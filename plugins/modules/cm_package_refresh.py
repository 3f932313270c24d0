#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refresh the source of packages on all their distribution points."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_package_refresh
short_description: Update distribution points, the refresh of packages from their source, with proof
version_added: 0.1.0
description:
  - What the console calls I(Update Distribution Points).
    The site reads the source of a package again, raises its source version, and sends what changed to all its distribution points.
  - Calls C(RefreshPkgSource) of C(SMS_Package), C(SMS_DriverPackage), C(SMS_ImagePackage), C(SMS_BootImagePackage),
    C(SMS_OperatingSystemInstallPackage), C(SMS_SoftwareUpdatesPackage), C(SMS_VhdPackage) or C(SMS_ContentPackage), at most once a package,
    and proves by what the site then shows that it took effect.
  - This is not I(Redistribute), which sends the same version again to one distribution point and reads no source.
  - A boot image is built anew by it, which takes minutes. The build is followed to its end, whatever the time limit of the provider host,
    and one image is built at a time on a provider host.
  - If the answer to a call is lost, the call is not sent again. The site's state decides whether it took effect.
extends_documentation_fragment:
  - configmgr.content.connection
  - configmgr.content.packages
options:
  max_packages:
    description: Most packages that O(select) may match. If it matches more, nothing is sent and the error shows the number.
    type: int
    default: 50
  ignore_unrefreshable:
    description:
      - Whether to skip packages that have nothing to refresh, such as those without source (C(PkgSourceFlag) is C(STORAGE_NO_SOURCE)).
      - Otherwise they are an error, before anything is sent.
    type: bool
    default: false
  source_modified:
    description:
      - When the source changed, as ISO 8601 with an offset, such as V(2026-11-20T18:00:00+01:00).
      - Packages that were refreshed since are skipped. The site's times carry no zone;
        a package is skipped only if its last refresh is newer whether its time is read as UTC or as the site's own, and if it ended well.
    type: str
  max_age:
    description: Skip packages whose last refresh is younger than this many seconds, by the same rule.
    type: float
  when_busy:
    description:
      - What to do with a package on which an action is running (C(ActionInProgress) is not 0).
      - V(wait) lets it end and then sends, because the running action may have read the source before it changed.
      - V(join) waits for it and sends nothing.
      - V(skip) leaves the package out, V(fail) fails before anything is sent.
    type: str
    choices: [wait, join, skip, fail]
    default: wait
  owner_mismatch:
    description:
      - What to do with a package that another site owns (C(SourceSite)). Only its owner can raise its version.
      - V(fail) names the owner and its provider, before anything is sent.
      - V(follow) opens a session at a provider of the owning site, with the same account, and refreshes it there.
      - V(send) sends it here and lets the version prove it.
      - If not given, V(send) at a central site whose child owns the package, and V(fail) elsewhere.
    type: str
    choices: [fail, follow, send]
  sessions:
    description: Sessions that send in parallel, each with its own login.
    type: int
    choices: [1, 2, 3, 4]
    default: 1
  in_flight:
    description:
      - Packages that are under way at a time while O(wait=true). A site takes three at a time by default.
      - With O(wait=false) the packages are sent one after the other, and the site queues them.
    type: int
    default: 3
  pause:
    description: Seconds between two calls.
    type: float
    default: 0.0
  max_failed:
    description:
      - Stop rule. When more packages than this failed, no further one is sent, and the rest is V(not_attempted).
        What is under way is watched to its end.
      - A count such as V(5), or a share of the packages such as V(10%).
    type: str
    default: 10%
  wait:
    description: Whether to wait for the effect. If not, the module returns when the provider has taken the calls.
    type: bool
    default: true
  wait_for:
    description:
      - V(source_version) waits until the site has read the source and its version has risen.
      - V(distributed) waits until every targeted distribution point has that version.
    type: str
    choices: [source_version, distributed]
    default: source_version
  wait_timeout:
    description: Seconds to wait for each package. If not given, 900 for O(wait_for=source_version) and 14400 for O(wait_for=distributed).
    type: float
  wait_interval:
    description: Seconds between two looks. One look costs at most three queries for all packages together.
    type: float
    default: 10.0
  grace:
    description: Seconds to look for an effect after the answer to a call was lost.
    type: float
    default: 60.0
  build_timeout:
    description: Seconds that the build of a boot image may take.
    type: float
    default: 3600.0
  required_distribution_points:
    description: Names of distribution points that have to have the new version, whatever O(min_success_percent) says.
    type: list
    elements: str
    default: []
  ignored_distribution_points:
    description: Names of distribution points that do not count.
    type: list
    elements: str
    default: []
  min_success_percent:
    description: Share of the targeted distribution points that is enough.
    type: float
    default: 100.0
  retrying_longer_than:
    description: Seconds after which a distribution point that keeps retrying counts as failed. A site retries for two days by default.
    type: float
    default: 3600.0
  verbose_results:
    description: Whether to return every distribution point instead of only those that failed.
    type: bool
    default: false
  resume:
    description:
      - The value RV(resume) of an earlier run, which is then taken up where it left off. What was sent is never sent again.
        It is waited for and counts as V(joined).
      - A call whose answer was lost is sent again only if the site still shows no effect of it.
      - A run that was killed leaves no RV(resume). A new run then waits for what is running (O(when_busy)) and is a new refresh.
        It sees a build of a boot image that a killed run began, too.
      - If no packages are named, those of the list are meant.
    type: list
    elements: dict
    suboptions:
      package_id:
        description: Id of the package.
        type: str
        required: true
      sent:
        description: Whether the call was sent, or what somebody else had sent was waited for to its end.
        type: bool
        required: true
      version_before:
        description: The source version before the call.
        type: int
      last_refresh_before:
        description: The last refresh before the call, as the site showed it.
        type: str
        default: ''
      context_id:
        description: ContextID of the build of a boot image.
        type: str
      answer_lost:
        description: Whether the answer was lost and no effect was seen.
        type: bool
        default: false
attributes:
  check_mode:
    description: Sends nothing; tells which packages would be refreshed and why, and what would move.
    support: full
  diff_mode:
    description: Shows the source versions before and after. In check mode the version after is "at least" the next one.
    support: full
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - Without O(source_modified) and O(max_age), every run refreshes.
  - A refresh whose source is as it was is not a failure. If the version did not rise although the refresh ended, RV(packages) says C(source_unchanged).
  - The account needs Remote Management Users and SMS Admins on the provider host, and a role in Configuration Manager that may modify packages of that class.
seealso:
  - module: configmgr.content.cm_package_info
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Refresh a package and wait until the site has the new version
  configmgr.content.cm_package_refresh:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    package_ids: PS100001

- name: Refresh three packages of different kinds and wait for every distribution point
  configmgr.content.cm_package_refresh:
    package_ids:
      - PS100001
      - PS100002
      - PS100003
    wait_for: distributed
    ignored_distribution_points:
      - dp03.contoso.test

- name: Refresh a driver package by its name, only if its source changed since
  configmgr.content.cm_package_refresh:
    names: Latitude 5420 Windows 10
    type: driver_package
    source_modified: "2026-11-20T18:00:00+01:00"

- name: Refresh every package whose source lies on one share, at most 20 of them
  configmgr.content.cm_package_refresh:
    select:
      source_path_prefix: \\files01.contoso.test\sources$\
    max_packages: 20
    ignore_unrefreshable: true
    wait: false

- name: Build a boot image anew and follow the build
  configmgr.content.cm_package_refresh:
    package_ids: PS100004
    build_timeout: 5400
  register: boot

- name: Go on with what an earlier run left, without sending anything twice
  configmgr.content.cm_package_refresh:
    resume: "{{ boot.resume }}"
"""

RETURN = r"""
packages:
  description: The packages, in the order asked.
  returned: when the packages were found
  type: list
  elements: dict
  contains:
    package_id:
      description: Id of the package.
      type: str
    name:
      description: Name of the package.
      type: str
    class:
      description: WMI class of the package.
      type: str
    status:
      description:
        - V(refreshed), the effect was seen (in check mode, it would be refreshed).
        - V(accepted), the provider took the call and O(wait=false).
        - V(joined), nothing was sent by this run; what runs or ran was waited for.
        - V(skipped), V(failed), V(not_attempted).
      type: str
    reason:
      description: Why.
      type: str
    source_version:
      description: Source version C(before) and C(after). In check mode C(after) is a text such as C(at least 8).
      type: dict
    distribution_points:
      description:
        - Numbers C(targeted), C(installed), C(failed), and C(rows) with those that failed (all of them with O(verbose_results=true)).
        - The numbers are null where nobody looked, which is the case unless O(wait_for=distributed). Check mode looks at C(targeted).
      type: dict
    answer_lost:
      description: Whether the answer to the call was lost.
      type: bool
    context_id:
      description: ContextID of the build of a boot image.
      type: str
    error:
      description: What the provider host said, if something failed.
      type: dict
    build:
      description: How far the build of a boot image came, with C(percent), C(text), C(error_code), C(error_info) and C(progress).
      type: dict
      returned: for boot images
    source_unchanged:
      description: The refresh ended and the version did not rise, because the source was as before.
      type: bool
      returned: when it is so
    waited_for_action:
      description: A running action was waited for before the call.
      type: bool
      returned: when it is so
    would_move:
      description: Targeted distribution points, and megabytes that would move at most.
      type: dict
      returned: in check mode
  sample:
    - package_id: PS100001
      name: Contoso Reader
      class: SMS_Package
      status: refreshed
      reason: asked for
      source_version: {before: 7, after: 8}
      distribution_points: {targeted: 3, installed: 3, failed: 0, rows: []}
      answer_lost: false
      context_id:
      error:
summary:
  description: Number of packages of each status, and C(total).
  returned: when the packages were found
  type: dict
  sample: {refreshed: 1, accepted: 0, joined: 0, skipped: 0, failed: 0, not_attempted: 0, total: 1}
evidence:
  description: One line for each change, saying by what it is known.
  returned: when the packages were found
  type: list
  elements: str
  sample: ['PS100001 ("Contoso Reader"): answer 0; source version 7 -> 8']
resume:
  description: What the option O(resume) of a rerun takes. Present in failures, too.
  returned: when the packages were found
  type: list
  elements: dict
  sample: [{package_id: PS100001, version_before: 7, last_refresh_before: '2026-11-19T20:00:00', context_id: null, sent: true}]
requests:
  description: WS-Management requests of this task.
  returned: when the packages were found
  type: int
  sample: 6
site_code:
  description: The site.
  returned: when the packages were found
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do, when the task could not begin. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.refresh_module import run_refresh


def main() -> None:
    """Run the module."""
    run_refresh(REFRESH, RESOURCES)


if __name__ == "__main__":
    main()
