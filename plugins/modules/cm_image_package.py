#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare an operating system image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_image_package
short_description: Declare an operating system image
version_added: 0.1.0
description:
  - Creates, changes and deletes operating system images (C(SMS_ImagePackage)), so that each is as declared.
  - Compares first and writes only what differs. The whole object is written back as it was read, so nothing that was not asked for changes.
    What was written is read back.
  - A write is sent once. If its answer is lost, the module reads whether it took effect.
  - With a new O(source_path), one task takes the new WIM from its path to the refreshed image. The metadata is read again and compared with
    the source, then the content is refreshed once and waited for. A run that died on the way is finished by the next one (RV(pending)).
extends_documentation_fragment:
  - configmgr.content.connection
  - configmgr.content.package_state
options:
  reload:
    description:
      - When the site has to read the metadata of the WIM again (C(ReloadImageProperties)).
      - V(auto), after a new O(source_path), and where an earlier run died on the way.
      - V(always), also if the source says something else of itself than the site, which is looked up at every run. For a WIM that is replaced
        under the same path. The provider reads it for the account, which takes a login that can be handed on, such as O(auth=credssp).
      - V(never), not at all.
    type: str
    choices: [auto, always, never]
    default: auto
  refresh:
    description:
      - When the content is refreshed from its source (C(RefreshPkgSource)).
      - V(auto), after a new O(source_path), O(source_flag) or metadata, and where an earlier run died on the way.
      - V(always), at every run. V(never), not at all.
      - The site takes the content of a new image by itself.
    type: str
    choices: [auto, always, never]
    default: auto
  wait:
    description:
      - Wait until the refresh, or the first copy of a new image, has ended.
      - Distribution points that were added without a refresh are waited for with O(wait_for=distributed).
    type: bool
    default: true
  wait_for:
    description: Wait for the new source version alone, or until every targeted distribution point has it.
    type: str
    choices: [source_version, distributed]
    default: source_version
  wait_timeout:
    description: Seconds to wait. 900 if not given, 14400 for O(wait_for=distributed).
    type: float
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
attributes:
  check_mode:
    description: Writes nothing. The diff is that of the real run; what only the site can know is marked C((assigned by the site)).
    support: full
  diff_mode:
    description: Shows the options that were given, before and after.
    support: full
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - A new image needs O(name) and O(source_path), the UNC path of the WIM file. The site server and the provider read it with their computer accounts.
  - V(absent) leaves the source file alone, as far as known.
  - C(configmgr.content.cm_os_image) is the same module.
  - The account needs Remote Management Users and SMS Admins on the provider host, and a role in Configuration Manager that may create, modify
    or delete operating system images.
seealso:
  - module: configmgr.content.cm_package_info
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Have an image
  configmgr.content.cm_image_package:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    name: Windows 11 Enterprise
    source_path: \\files.contoso.com\images\win11\install.wim
    version: 24H2
    binary_differential_replication: true

- name: Take a new WIM from its path to every distribution point
  configmgr.content.cm_image_package:
    package_id: PS100003
    source_path: \\files.contoso.com\images\win11\install-2026-11.wim
    version: 24H2 2026-11
    wait_for: distributed

- name: The WIM was replaced under the same path
  configmgr.content.cm_image_package:
    package_id: PS100003
    reload: always

- name: Have an image on two distribution points and all of a group
  configmgr.content.cm_image_package:
    name: Windows 11 Enterprise
    source_path: \\files.contoso.com\images\win11\install.wim
    distribution_points:
      - dp01.contoso.com
      - dp02.contoso.com
    distribution_point_groups:
      - Headquarters

- name: Let the site look for a new source every Monday, ten at night
  configmgr.content.cm_image_package:
    package_id: PS100003
    refresh_schedule:
      set:
        - recurs: weekly
          day: monday
          start: "2026-11-23T22:00"

- name: Set a bit that has no name here
  configmgr.content.cm_image_package:
    package_id: PS100003
    pkg_flags:
      add: ["0x00000010"]

- name: Have no such image
  configmgr.content.cm_image_package:
    name: Windows 10 Enterprise
    state: absent
"""

RETURN = r"""
action:
  description: What was done, or would be done in check mode, V(none), V(create), V(update) or V(delete).
  returned: success
  type: str
  sample: update
steps:
  description: What came, or would come, beside the write, of V(distribution_points), V(reload) and V(refresh).
  returned: success
  type: list
  elements: str
  sample: [reload, refresh]
pending:
  description:
    - What an earlier run that died left undone, as the audit messages show. V(none), V(refresh), or V(unknown) with a warning where they
      cannot tell. It is part of this run, unless O(refresh=never).
  returned: success
  type: str
  sample: none
images:
  description:
    - The images inside the WIM, as the site shows them, with C(index), C(name), C(description), C(edition), C(architecture), C(os_version),
      C(build), C(languages), C(product_type), C(created), and C(size) in bytes (null if the site does not tell).
    - Empty where RV(object) is.
  returned: success
  type: list
  elements: dict
  sample:
    - index: 1
      name: Windows 11 Enterprise
      description: Windows 11 Enterprise
      edition: Windows 11 Enterprise
      architecture: x64
      os_version: 10.0.26100.1742
      build: '26100.1742'
      languages: [en-US]
      product_type: WinNT
      created: '2024-09-06T05:21:21Z'
      size: 16742031360
refresh:
  description: The refresh, or the wait for the first copy, as an entry of C(packages) of M(configmgr.content.cm_package_refresh); null without one.
  returned: success
  type: dict
  sample:
    package_id: PS100003
    name: Windows 11 Enterprise
    class: SMS_ImagePackage
    status: refreshed
    reason: asked for
    source_version: {before: 4, after: 5}
    distribution_points: {targeted: null, installed: null, failed: null, rows: []}
    answer_lost: false
    context_id:
    error:
package_id:
  description: Id of the image, also of one that was deleted; null where none has the name (yet).
  returned: success
  type: str
  sample: PS100003
deleting:
  description: Whether the object is on its way out, its content being removed from the distribution points.
  returned: success
  type: bool
  sample: false
object:
  description:
    - The object as it is now, all its properties under the field's names. Empty where it is absent, and in check mode if it would change.
    - A flags property is a dictionary with C(value), C(set) and C(unknown_bits). A date that stands for never is null. Bytes are in Base64.
  returned: success
  type: dict
  sample:
    package_id: PS100003
    name: Windows 11 Enterprise
    source_path: \\files.contoso.com\images\win11\install.wim
    source_version: 4
source_left_at:
  description: Where the source of a deleted image is. A deletion leaves it alone, as far as known. Null if nothing was deleted.
  returned: success
  type: str
  sample: null
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 5
site_code:
  description: The site.
  returned: success
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.image_module import run_image_package


def main() -> None:
    """Run the module."""
    run_image_package(IMAGE_PACKAGE, REFRESH, RESOURCES)


if __name__ == "__main__":
    main()
