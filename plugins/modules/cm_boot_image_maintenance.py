#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call what boot images have for emergencies."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_boot_image_maintenance
short_description: Call what boot images have for emergencies
version_added: 0.1.0
description:
  - C(UpdateDefaultImage) and C(UpdateImage) are meant for the upgrade of a site. They take no parameters, and what they do is not public.
    They are not the way to put changed settings into an image; M(configmgr.content.cm_boot_image) does that.
  - C(ReloadImageProperties) has the site read the metadata of a WIM again that was changed outside.
  - C(UpdateOptionalComponents) replaces the list of components by a method of its own, for sites that do not take it otherwise.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  action:
    description:
      - V(update_default_image) and V(update_image) work on images that nobody names, and need O(confirm).
      - V(reload_image_properties) and V(update_optional_components) work on one image, O(package_id). Neither builds it.
    type: str
    required: true
    choices: [update_default_image, update_image, reload_image_properties, update_optional_components]
  confirm:
    description: The code of the site, as a sign that it is meant.
    type: str
  package_id:
    description: Id of the boot image.
    type: str
  optional_components:
    description: For V(update_optional_components), all components by name or id. What they need is added by itself.
    type: list
    elements: str
  component_language:
    description: Language of the components, as a number such as V(1031).
    type: int
  call_timeout:
    description: Seconds that the call may take.
    type: float
    default: 3600.0
attributes:
  check_mode:
    description: Calls nothing. What V(update_default_image) and V(update_image) would change cannot be predicted, and a warning says so.
    support: full
  diff_mode:
    description: Shows the components for O(action=update_optional_components).
    support: partial
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - No role of this collection uses this module.
seealso:
  - module: configmgr.content.cm_boot_image
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Have the site make its default boot images anew, on the word of support
  configmgr.content.cm_boot_image_maintenance:
    action: update_default_image
    confirm: PS1

- name: Read the metadata of a WIM again that was changed outside
  configmgr.content.cm_boot_image_maintenance:
    action: reload_image_properties
    package_id: PS100004
"""

RETURN = r"""
predictable:
  description: Whether check mode can tell what this action does.
  returned: success
  type: bool
images:
  description: For V(reload_image_properties), the metadata of the WIM by index.
  returned: with that action
  type: dict
optional_components:
  description: For V(update_optional_components), the components by name.
  returned: with that action
  type: list
  elements: str
  sample: [WinPE-NetFx, WinPE-PowerShell]
diff:
  description: For V(update_optional_components), the components C(before) and C(after).
  returned: with that action
  type: dict
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
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_calls import run_boot_maintenance


def main() -> None:
    """Run the module."""
    run_boot_maintenance(BOOT_IMAGE)


if __name__ == "__main__":
    main()
