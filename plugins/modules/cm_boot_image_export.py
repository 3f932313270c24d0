#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export a boot image from the deployment kit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_boot_image_export
short_description: Export a boot image from the deployment kit
version_added: 0.1.0
description:
  - Has the provider make a WIM from the Windows PE of its deployment kit (C(ExportDefaultBootImage)), from which boot images can be created.
  - Does nothing where the WIM is there already. That is seen by reading it through the provider, which takes a login that can be passed on,
    such as CredSSP. With other logins the WIM cannot be seen, and is written again in every run.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  architecture:
    description: Architecture of the Windows PE. Newer kits have none for x86.
    type: str
    required: true
    choices: [x86, x64, arm64]
  path:
    description: UNC path of the WIM to be made. The provider host writes it; the folder has to be there.
    type: str
    required: true
  image_index:
    description: Index in the Windows PE of the kit.
    type: int
    default: 1
  force:
    description: Whether to write over a WIM that is there.
    type: bool
    default: false
  export_timeout:
    description: Seconds that the export may take.
    type: float
    default: 1800.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
attributes:
  check_mode:
    description: Exports nothing. Where the WIM cannot be read, it is taken as missing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - The provider does not bear two exports at a time. Tasks of one user on one machine wait for each other; other machines are not seen.
seealso:
  - module: configmgr.content.cm_boot_image
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Have a WIM to make a boot image from
  configmgr.content.cm_boot_image_export:
    architecture: x64
    path: \\cm01.contoso.test\SMS_PS1\OSD\boot\x64\branch.wim
    auth: credssp
"""

RETURN = r"""
path:
  description: The WIM.
  returned: success
  type: str
  sample: \\cm01.contoso.test\SMS_PS1\OSD\boot\x64\branch.wim
architecture:
  description: Architecture of the WIM, null where it cannot be read.
  returned: success
  type: str
  sample: x64
os_version:
  description: Version of its Windows PE, null where it cannot be read.
  returned: success
  type: str
  sample: 10.0.19041.1
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 3
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

from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_calls import run_boot_export


def main() -> None:
    """Run the module."""
    run_boot_export(BOOT_IMAGE)


if __name__ == "__main__":
    main()
