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
extends_documentation_fragment:
  - configmgr.content.connection
  - configmgr.content.package_state
options: {}
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

- name: Let the site look for a new source every Monday, ten at night
  configmgr.content.cm_image_package:
    package_id: PS100003
    refresh_schedule:
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
package_id:
  description: Id of the object; null where there is none (yet).
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
from ansible_collections.configmgr.content.plugins.module_utils._engine.module import run_resource


def main() -> None:
    """Run the module."""
    run_resource(IMAGE_PACKAGE)


if __name__ == "__main__":
    main()
