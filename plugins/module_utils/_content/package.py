# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every package class has in common (SMS_PackageBaseclass), and the regular package (SMS_Package).

From the SDK page "SMS_PackageBaseclass Server WMI Class" and the schema of a live site.
"""

from __future__ import annotations

from .._cim.types import BOOLEAN, DATETIME, EMBEDDED, SINT32, STRING, UINT8, UINT32, array_of
from .._engine.options import BOOL, BYTES, SCHEDULE_EDIT, UNC_PATH, filled_text, number, text, words
from .._engine.resource import Flag, Property, Resource

ACTIONS = {0: "none", 1: "update", 2: "add", 3: "delete"}

PACKAGE_TYPES = {
    0: "package",
    3: "driver_package",
    4: "task_sequence",
    5: "software_updates_package",
    6: "device_setting_package",
    7: "virtual_application_package",
    8: "application_content",
    257: "image_package",
    258: "boot_image",
    259: "operating_system_upgrade_package",
    260: "vhd_package",
}

SOURCE_FLAGS = {0: "needs_specifying", 1: "no_source", 2: "direct", 3: "compress", 4: "local"}

PRIORITIES = {1: "high", 2: "normal", 3: "low"}
SHARE_TYPES = {1: "common", 2: "specific"}
ADDRESS_TYPES = {"": "site_decides", "MS_LAN": "standard_sender", "MS_COURIER": "courier_sender"}

# Bits of PkgFlags. Those that the SDK does not list are known from public scripts (behaviour 43).
PACKAGE_FLAGS = {
    0x00000010: "prestaged_download_changes_only",
    0x00000020: "prestaged_download_automatically",
    0x00000080: "package_share",
    0x00000400: "deploy_from_pxe",
    0x00800000: "no_encryption_on_cloud_points",
    0x01000000: "prestaged_manual_copy",
    0x02000000: "persist_in_client_cache",
    0x04000000: "binary_differential_replication",
    0x10000000: "needs_no_distribution_point",
    0x20000000: "own_mif_match",
    0x40000000: "distribute_on_demand",
}

# The bits whose meaning is certain, by the console's words; the others are written by number only.
PACKAGE_FLAG_OPTIONS = (
    Flag("package_share", 0x00000080),
    Flag("no_encryption_on_cloud_points", 0x00800000),
    Flag("persist_in_client_cache", 0x02000000),
    Flag("binary_differential_replication", 0x04000000),
    Flag("own_mif_match", 0x20000000),
    Flag("distribute_on_demand", 0x40000000),
)
COUNT = number(0, 0xFFFFFFFF)

PACKAGE_PROPERTIES = (
    Property("action_in_progress", "ActionInProgress", UINT32, names=ACTIONS),
    Property("alternate_content_providers", "AlternateContentProviders", STRING, lazy=True),
    Property("description", "Description", STRING, kind=text(128)),
    Property("extended_data", "ExtendedData", array_of(UINT8), lazy=True),
    Property("extended_data_size", "ExtendedDataSize", UINT32, lazy=True),
    Property("forced_disconnect_delay", "ForcedDisconnectDelay", UINT32, kind=COUNT),
    Property("forced_disconnect", "ForcedDisconnectEnabled", BOOLEAN, kind=BOOL),
    Property("forced_disconnect_retries", "ForcedDisconnectNumRetries", UINT32, kind=COUNT),
    Property("icon", "Icon", array_of(UINT8), kind=BYTES),
    Property("icon_size", "IconSize", UINT32, lazy=True),
    Property("ignore_address_schedule", "IgnoreAddressSchedule", BOOLEAN, kind=BOOL),
    Property("isv_data", "ISVData", array_of(UINT8), lazy=True),
    Property("isv_data_size", "ISVDataSize", UINT32, lazy=True),
    Property("isv_string", "ISVString", STRING, kind=text()),
    Property("language", "Language", STRING, kind=text(32)),
    Property("last_refresh_time", "LastRefreshTime", DATETIME, no_date=True),
    Property("categories", "LocalizedCategoryInstanceNames", array_of(STRING)),
    Property("manufacturer", "Manufacturer", STRING, kind=text(32)),
    Property("mif_filename", "MIFFilename", STRING, kind=text(50)),
    Property("mif_name", "MIFName", STRING, kind=text(50)),
    Property("mif_publisher", "MIFPublisher", STRING, kind=text(32)),
    Property("mif_version", "MIFVersion", STRING, kind=text(32)),
    Property("name", "Name", STRING, kind=filled_text(250), needed_to_create=True),
    Property("number_of_programs", "NumOfPrograms", UINT32),
    Property("package_id", "PackageID", STRING),
    Property("package_size", "PackageSize", UINT32),
    Property("package_type", "PackageType", UINT32, names=PACKAGE_TYPES),
    Property("pkg_flags", "PkgFlags", UINT32, bits=PACKAGE_FLAGS),
    Property("source_flag", "PkgSourceFlag", UINT32, names=SOURCE_FLAGS, kind=words(SOURCE_FLAGS)),
    Property("source_path", "PkgSourcePath", STRING, kind=UNC_PATH),
    Property("preferred_address_type", "PreferredAddressType", STRING, names=ADDRESS_TYPES, kind=words(ADDRESS_TYPES)),
    Property("priority", "Priority", UINT32, names=PRIORITIES, kind=words(PRIORITIES)),
    Property("refresh_pkg_source_flag", "RefreshPkgSourceFlag", BOOLEAN, lazy=True),
    Property("refresh_schedule", "RefreshSchedule", array_of(EMBEDDED), lazy=True, kind=SCHEDULE_EDIT),
    Property("security_scopes", "SecuredScopeNames", array_of(STRING)),
    Property("sedo_object_version", "SedoObjectVersion", STRING),
    Property("share_name", "ShareName", STRING, kind=text(127)),
    Property("share_type", "ShareType", UINT32, names=SHARE_TYPES, kind=words(SHARE_TYPES)),
    Property("source_date", "SourceDate", DATETIME, no_date=True),
    Property("source_site", "SourceSite", STRING),
    Property("source_version", "SourceVersion", UINT32),
    Property("stored_package_path", "StoredPkgPath", STRING),
    Property("stored_package_version", "StoredPkgVersion", UINT32),
    Property("version", "Version", STRING, kind=text(32)),
    # Seen in the schema of a live site only: absent on old sites.
    Property("base_board_product_id", "BaseBoardProductID", STRING, kind=text()),
    Property("driver_manufacturer", "DriverManufacturer", STRING, kind=text(100)),
    Property("driver_model", "DriverModel", STRING, kind=text(100)),
    Property("driver_os_version", "DriverOSVersion", STRING, kind=text()),
    Property("driver_package_version", "DriverPkgVersion", STRING, kind=text()),
    Property("is_version_compatible", "IsVersionCompatible", BOOLEAN),
    Property("object_path", "ObjectPath", STRING),
    Property("predownload_rule", "PreDownloadRule", STRING, kind=text()),
)

PACKAGE = Resource(
    label="package",
    option="package",
    wmi_class="SMS_Package",
    package_type=0,
    folder_type=2,
    properties=PACKAGE_PROPERTIES
    + (
        Property("default_image_flags", "DefaultImageFlags", SINT32, names={0: "none", 2: "usmt"}),
        Property("is_predefined", "IsPredefinedPackage", BOOLEAN),
        Property("transform_analysis_date", "TransformAnalysisDate", DATETIME, no_date=True),
        Property(
            "transform_readiness",
            "TransformReadiness",
            UINT32,
            names={0: "unknown", 1: "not_applicable", 2: "not_ready", 3: "ready", 4: "transformed", 5: "error"},
        ),
    ),
)
