import type { Fact } from "../fact";
import { documentedVersion } from "../judges/announcement";
import { textIn } from "../project";

/** Versions of Azure's APIs that programs on the VMs and the application use. */
export function azureApiVersions(): Fact[] {
  const spoken = (name: string, file: string, pattern: RegExp) => ({
    name,
    value: textIn(file, pattern),
    usedIn: [file],
  });
  return [
    documentedVersion(
      spoken(
        "metadata service of the VMs",
        "cloud-init/common/files/usr/local/lib/vault-vm/managed-identity.sh",
        /api-version=(\d{4}-\d\d-\d\d)/,
      ),
      {
        page: "https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service",
        words: "Azure Instance Metadata Service",
        cure: "Use a version that the page lists.",
      },
    ),
    documentedVersion(
      spoken(
        "user data in the metadata service",
        "cloud-init/common/files/usr/local/sbin/apply-user-data",
        /api-version=(\d{4}-\d\d-\d\d)/,
      ),
      {
        page: "https://learn.microsoft.com/azure/virtual-machines/user-data",
        words: "metadata/instance/compute/userData",
        cure: "Use a version that the page names.",
      },
    ),
    documentedVersion(
      spoken(
        "Azure Storage",
        "cloud-init/agent-vm/files/usr/local/sbin/app-package",
        /STORAGE_API_VERSION=(\d{4}-\d\d-\d\d)/,
      ),
      {
        page: "https://learn.microsoft.com/rest/api/storageservices/previous-azure-storage-service-versions",
        words: "Previous Azure Storage service versions",
        cure: "Use a version that the page lists.",
      },
    ),
    documentedVersion(
      spoken("App Service's identities", "app/vault/identity.ts", /"api-version", "(\d{4}-\d\d-\d\d)"/),
      {
        page: "https://learn.microsoft.com/azure/app-service/overview-managed-identity",
        words: "IDENTITY_ENDPOINT",
        cure: "Use the version that the page names.",
      },
    ),
  ];
}
