import { NODE_MAJOR } from "../../app/node-version";
import { nodeRelease as nodeOfVms } from "../../cloud-init/agent-vm/node-release";
import { VAULT_CHECKSUMS } from "../../cloud-init/common/vault-release";
import { ubuntuImages } from "../../constructs/azure/linux-vm";
import {
  type ProviderName,
  requirements,
  terraformVersion,
} from "../../constructs/terraform/provider-requirements";
import { azureClouds } from "../../environments/azure-clouds";
import { compareVersions } from "../../lib/processes/version";
import { MYSQL_IMAGE } from "../../lib/releases/mysql-image";
import { HASHICORP_FINGERPRINT, HASHICORP_KEY_URL } from "../../lib/releases/release-signature";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { globalTypes } from "../deployment/preflight/global-name-check";
import { oldest } from "../deployment/preflight/program-versions";
import type { Fact } from "./fact";
import { announcedRetirement, documentedVersion } from "./judges/announcement";
import { azureHosts, entraIssuer, sizeRetirement, soldSku, vmImage } from "./judges/azure";
import { goModule, pythonPackage } from "./judges/check-tool";
import { endOfLife } from "./judges/end-of-life";
import { actionPin } from "./judges/github-action";
import { hashicorpArchive, hashicorpVersion } from "./judges/hashicorp-release";
import { nodeRelease, nodeReleaseKeys } from "./judges/node-release";
import { npmPackage, npmPackages } from "./judges/npm";
import { signingKey } from "./judges/signing-key";
import { boundsOf, terraformProvider } from "./judges/terraform-provider";
import { vulnerabilities, vulnerabilitiesOfMany } from "./judges/vulnerabilities";
import {
  actionPins,
  goTools,
  inEnvironments,
  lockedPackages,
  packageManifest,
  pythonPins,
  readProject,
  textIn,
  workflowRunners,
  workflowTerraforms,
} from "./project";

/**
 * Accepted vulnerabilities of npm packages: OSV's id, and why it does no harm here. Review all of them whenever you add one.
 */
const acceptedVulnerabilities: Readonly<Record<string, string>> = {};

/** Every outside fact that the project relies on. It reads the values from the places that use them. */
export function facts(): Fact[] {
  return [
    ...signingKeys(),
    ...vault(),
    ...terraform(),
    ...node(),
    ...npm(),
    ...images(),
    ...azure(),
    ...pipeline(),
    ...checkTools(),
  ];
}

const cloudsFile = "environments/azure-clouds.ts";
const publicCloud = azureClouds.AzureCloud;
const hostOf = (url: string): string => new URL(url).host;

const hashicorpKeyring = "cloud-init/common/files/usr/local/share/keyrings/hashicorp.asc";
const nodeKeyring = "cloud-init/agent-vm/files/usr/local/share/keyrings/nodejs.asc";

function signingKeys(): Fact[] {
  return [
    signingKey(
      {
        name: "HashiCorp's release key",
        usedIn: [hashicorpKeyring, "lib/releases/release-signature.ts"],
      },
      {
        fingerprint: HASHICORP_FINGERPRINT,
        url: HASHICORP_KEY_URL,
        copy: readProject(hashicorpKeyring),
        cure: `Put the new key into ${hashicorpKeyring} once HashiCorp's own pages confirm it.`,
      },
    ),
    nodeReleaseKeys({ name: "Node.js's release keys", usedIn: [nodeKeyring] }, readProject(nodeKeyring)),
  ];
}

/** The versions in the environments, which the VMs run; the sandbox's version; and all archives whose checksums the project holds. */
function vault(): Fact[] {
  const versions = inEnvironments(({ vault }) => [vault.version]);
  const sandbox = { value: VAULT_RELEASE, usedIn: ["cloud-init/vault-server/vault-version.ts"] };
  const other = versions.every(({ value }) => value !== VAULT_RELEASE) ? [sandbox] : [];
  const wanted = [...versions, ...other];
  const setting = "Set vault.version";
  const archives = new Map(wanted.map(({ value, usedIn }) => [value, usedIn]));
  for (const version of Object.keys(VAULT_CHECKSUMS)) {
    archives.set(version, [...(archives.get(version) ?? []), "cloud-init/common/vault-release.ts"]);
  }
  return [
    ...wanted.flatMap(({ value, usedIn }) => [
      hashicorpVersion(
        { name: `Vault ${value}: support`, value, usedIn },
        { product: "vault", version: value, setting },
      ),
      vulnerabilities(
        { name: `Vault ${value}: vulnerabilities`, value, usedIn },
        {
          ecosystem: "Go",
          name: "github.com/hashicorp/vault",
          version: value,
          cure: `${setting} to a version that fixes them.`,
        },
      ),
    ]),
    ...[...archives].map(([value, usedIn]) => {
      const sha256 = VAULT_CHECKSUMS[value];
      return hashicorpArchive(
        {
          name: `Vault ${value}: archive`,
          value,
          usedIn,
          covers: ["releases.hashicorp.com", ...(sha256 ? [sha256] : [])],
        },
        {
          product: "vault",
          version: value,
          setting,
          checksums: sha256 ? { [`vault_${value}_linux_amd64.zip`]: sha256 } : {},
        },
      );
    }),
    goModule(
      { name: "Vault's Go module", usedIn: ["lib/releases/vault-versions.ts"] },
      { path: "github.com/hashicorp/vault", version: `v${VAULT_GO_MODULE}` },
    ),
  ];
}

function terraform(): Fact[] {
  const usedIn = ["constructs/terraform/provider-requirements.ts"];
  return [
    ...Object.keys(requirements).map((name) => {
      const { source, version } = requirements[name as ProviderName];
      return terraformProvider({ name: `provider ${name}`, usedIn }, { source, range: version });
    }),
    ...workflowTerraforms().map(({ value, usedIn }) =>
      hashicorpArchive(
        { name: `Terraform ${value}: archive`, value, usedIn },
        { product: "terraform", version: value, setting: "Set terraform_version" },
      ),
    ),
    endOfLife(
      {
        name: "Terraform of the workflows: end of life",
        value: lineOf(workflowTerraforms()[0]?.value ?? "", 2),
        usedIn: workflowTerraforms()[0]?.usedIn ?? [],
      },
      {
        product: "terraform",
        line: lineOf(workflowTerraforms()[0]?.value ?? "", 2),
        cure: "Set terraform_version in the workflows to a supported one.",
      },
    ),
    hashicorpArchive(
      { name: "oldest Terraform", value: terraformVersion, usedIn },
      {
        product: "terraform",
        version: terraformVersion.replace(">= ", ""),
        setting: "Raise the oldest Terraform",
      },
    ),
  ];
}

function node(): Fact[] {
  const usedIn = ["cloud-init/agent-vm/node-release.ts"];
  const lines = new Map([
    [String(NODE_MAJOR), ["app/node-version.ts"]],
    [`.nvmrc ${textIn(".nvmrc", /(\d+)/)}`, [".nvmrc"]],
    [packageManifest().engines.node, ["package.json"]],
  ]);
  return [
    nodeRelease(
      {
        name: "Node.js of the VMs",
        usedIn,
        covers: ["nodejs.org", nodeOfVms.sha256 ?? ""],
      },
      {
        version: nodeOfVms.version,
        archive: nodeOfVms.archiveUrl.split("/").at(-1) ?? "",
        checksum: nodeOfVms.sha256 ?? "",
        setting: `Set the version and its checksum in ${usedIn[0]}`,
      },
    ),
    ...[...lines].map(([value, usedIn]) => {
      const line = /(\d+)/.exec(value)?.[1] ?? value;
      return endOfLife(
        { name: `Node.js ${line} in ${usedIn[0]}: end of life`, value: value.replace(".nvmrc ", ""), usedIn },
        { product: "nodejs", line, cure: `Choose a newer line in ${usedIn[0]}.` },
      );
    }),
  ];
}

function npm(): Fact[] {
  const usedIn = ["package.json"];
  const { dependencies, devDependencies } = packageManifest();
  const list = (entries: Record<string, string>) =>
    Object.entries(entries).map(([name, version]) => ({ name, version }));
  const locked = lockedPackages().map((one) => ({ ...one, ecosystem: "npm" as const }));
  const ofLockfile = {
    accepted: acceptedVulnerabilities,
    cure: "Run npm audit. Update these packages, or the packages that need them.",
  };
  return [
    ...list(dependencies).map((one) => npmPackage(one, usedIn)),
    npmPackages("npm, for development", list(devDependencies), usedIn),
    vulnerabilitiesOfMany(
      { name: "npm: vulnerabilities of what runs", usedIn: ["package-lock.json"] },
      locked.filter(({ dev }) => !dev),
      ofLockfile,
    ),
    vulnerabilitiesOfMany(
      { name: "npm: vulnerabilities of what develops", usedIn: ["package-lock.json"] },
      locked.filter(({ dev }) => dev),
      ofLockfile,
    ),
  ];
}

function images(): Fact[] {
  const usedIn = ["constructs/azure/linux-vm.ts"];
  const mysql = MYSQL_IMAGE.split(":")[1] ?? "";
  const [current, newer] = [ubuntuImages["24.04"], ubuntuImages["26.04"]];
  return [
    vmImage(current, usedIn),
    // The list behind `az vm create --image` has one image a distribution.
    documentedVersion(
      { name: `VM image ${newer.offer}`, value: newer.offer, usedIn },
      {
        page: "https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/",
        words: "Canonical",
        cure: `Correct or remove the image in ${usedIn[0]} (az vm image list --all --publisher Canonical).`,
      },
    ),
    ...Object.keys(ubuntuImages).map((ubuntu) =>
      endOfLife(
        { name: `Ubuntu ${ubuntu} of the VMs: end of life`, value: ubuntu, usedIn },
        { product: "ubuntu", line: ubuntu, cure: "Move the VMs to a newer LTS image (ubuntu)." },
      ),
    ),
    ...workflowRunners().map(({ value, usedIn }) =>
      endOfLife(
        { name: "Ubuntu of the runners: end of life", value, usedIn },
        { product: "ubuntu", line: value, cure: "Name a newer runner in the workflows." },
      ),
    ),
    endOfLife(
      {
        name: "MySQL of the sandbox: end of life",
        value: MYSQL_IMAGE,
        usedIn: ["lib/releases/mysql-image.ts"],
      },
      {
        product: "mysql",
        line: lineOf(mysql, 2),
        cure: "Name a newer image in lib/releases/mysql-image.ts.",
      },
    ),
    ...inEnvironments(({ mysql }) => [mysql.version]).map(({ value, usedIn }) =>
      endOfLife(
        { name: `MySQL ${value} of the environments: end of life`, value, usedIn },
        {
          product: "mysql",
          line: lineOf(value, 2),
          cure: "Raise mysql.version; docs/environments.md says how.",
        },
      ),
    ),
  ];
}

function azure(): Fact[] {
  const vmSizes = inEnvironments(({ vault, agentVms, location }) =>
    [vault, ...agentVms].map(({ vmSize }) => ({ sku: vmSize, region: location })),
  );
  const plans = inEnvironments(({ webAppPlan, location }) => [{ sku: webAppPlan.sku, region: location }]);
  const databases = inEnvironments(({ mysql }) => [mysql.sku]);
  const keyVaultRetirement = {
    page: "https://learn.microsoft.com/azure/key-vault/general/access-control-default",
    words: "API versions before 2026-02-01 retire on February 27, 2027",
    date: "2027-02-27",
  };
  const controlPlane = globalTypes["azurerm_key_vault"]?.apiVersion ?? "";
  return [
    ...vmSizes.flatMap(({ value: { sku, region }, usedIn }) => [
      soldSku(
        {
          kind: "VM size",
          sku,
          region,
          filter: `serviceName eq 'Virtual Machines' and armSkuName eq '${sku}'`,
          setting: "vmSize",
        },
        usedIn,
      ),
      sizeRetirement(sku, "vmSize", usedIn),
    ]),
    ...plans.map(({ value: { sku, region }, usedIn }) =>
      soldSku(
        {
          kind: "App Service plan",
          sku,
          region,
          // The price list writes P1v3 as P1 v3, and P0v3 as it is.
          filter: `serviceName eq 'Azure App Service' and (skuName eq '${sku}' or skuName eq '${sku.replace(/(?<=\d)(?=m?v\d$)/, " ")}')`,
          setting: "webAppPlan.sku",
        },
        usedIn,
      ),
    ),
    ...databases.map(({ value, usedIn }) =>
      documentedVersion(
        { name: `MySQL size ${value}`, value: value.replace(/^[A-Z]+_/, ""), usedIn, covers: [value] },
        {
          page: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-service-tiers-storage",
          words: "Burstable",
          cure: "Choose another size in mysql.sku.",
        },
      ),
    ),
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by azurerm",
        value: requirements.azurerm.version,
        usedIn: ["constructs/terraform/provider-requirements.ts"],
      },
      {
        ...keyVaultRetirement,
        // The first release that uses 2026-02-01. Source: azurerm, CHANGELOG.
        ready: compareVersions(boundsOf(requirements.azurerm.version).floor, "4.81.0") >= 0,
        cure: "Raise azurerm's floor to 4.81.0.",
      },
    ),
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by az",
        value: `>= ${oldest.az}`,
        usedIn: ["scripts/deployment/preflight/program-versions.ts"],
      },
      {
        ...keyVaultRetirement,
        // The first release that uses 2026-02-01. Source: Azure CLI, release notes.
        ready: compareVersions(oldest.az, "2.90.0") >= 0,
        cure: "Raise the oldest az to 2.90.0 in scripts/deployment/preflight/program-versions.ts.",
      },
    ),
    announcedRetirement(
      {
        name: "Key Vault's control plane, used by scripts/deploy",
        value: controlPlane,
        usedIn: ["scripts/deployment/preflight/global-name-check.ts"],
      },
      {
        ...keyVaultRetirement,
        ready: controlPlane >= "2026-02-01",
        cure: "Raise it to 2026-02-01 in scripts/deployment/preflight/global-name-check.ts.",
      },
    ),
    ...apiVersions(keyVaultRetirement.page),
    azureHosts(
      [
        ...[publicCloud.resourceManager, publicCloud.serviceManagement, publicCloud.login].map(hostOf),
        "vault.azure.net",
      ],
      [cloudsFile],
    ),
    entraIssuer(hostOf(publicCloud.tokenIssuer), [cloudsFile]),
    documentedVersion(
      {
        name: "audience of Azure Storage",
        value: hostOf(publicCloud.storageResource),
        usedIn: [cloudsFile],
      },
      {
        page: "https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory",
        words: "https://storage.azure.com",
        cure: "Request tokens as the page says.",
      },
    ),
  ];
}

/** Versions of Azure's APIs that programs on the VMs and the application use. */
function apiVersions(keyVaultPage: string): Fact[] {
  const spoken = (name: string, file: string, pattern: RegExp) => ({
    name,
    value: textIn(file, pattern),
    usedIn: [file],
  });
  const keyVault = spoken(
    "Key Vault's data plane",
    "cloud-init/common/files/usr/local/sbin/azure-key-vault",
    /KEY_VAULT_API_VERSION=(\S+)/,
  );
  return [
    {
      ...keyVault,
      source: keyVaultPage,
      judge: async (upstream) => {
        const words = "Data Plane APIs are not affected";
        return (await upstream.page(keyVaultPage)).includes(words.toLowerCase())
          ? { result: "good", sentence: "Azure retires versions of the control plane only." }
          : {
              result: "unknown",
              sentence: `${keyVaultPage} no longer says "${words}". Read it and correct the row.`,
            };
      },
    },
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

function pipeline(): Fact[] {
  return actionPins().flatMap(({ value: pin, usedIn }) => [
    actionPin(pin, usedIn),
    vulnerabilities(
      { name: `action ${pin.action}: vulnerabilities`, value: pin.tag, usedIn },
      {
        ecosystem: "GitHub Actions",
        name: pin.action.split("/").slice(0, 2).join("/"),
        version: pin.tag.replace(/^v/, ""),
        cure: "Pin the commit of a version that fixes them.",
      },
    ),
  ]);
}

function checkTools(): Fact[] {
  return [
    ...pythonPins().flatMap(({ value, usedIn }) => [
      pythonPackage(value, usedIn),
      vulnerabilities(
        { name: `PyPI ${value.name}: vulnerabilities`, value: value.version, usedIn },
        { ecosystem: "PyPI", ...value, cure: `Choose another version in ${usedIn[0]}.` },
      ),
    ]),
    ...goTools().flatMap(({ value, usedIn }) => [
      goModule({ name: `Go module ${value.path}`, usedIn }, value),
      vulnerabilities(
        { name: `Go module ${value.path}: vulnerabilities`, value: value.version, usedIn },
        {
          ecosystem: "Go",
          name: value.path,
          version: value.version.replace(/^v/, ""),
          cure: `Choose another version in ${usedIn[0]}.`,
        },
      ),
    ]),
  ];
}

/** 8.4 of 8.4.7, with 2 numbers. */
function lineOf(version: string, numbers: number): string {
  return version.split(".").slice(0, numbers).join(".");
}
