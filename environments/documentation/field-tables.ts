import { environmentJsonSchema, type JsonSchema } from "./json-schema";

/** A part of the schema with its own heading. */
interface Section {
  heading: string;
  introduction: string;
  schema: JsonSchema;
  /** The schema's path, such as `["network", "subnets"]`. */
  path: string[];
}

const introduction = `# Environments

<!-- Written by \`npm run schema\` from environments/schema.ts and environments/documentation.ts. Change these files instead. -->

An environment is one installation of the whole system: Vault, its network, MySQL and the workloads. Each environment has a
file, \`environments/<name>.json\`. This file contains everything that differs from other installations. The code is the
same for all.

**Choose an environment.** \`ENVIRONMENT=production npm run synth\` reads \`environments/production.json\`. The default is
\`demo\`: small, cheap, for one person. The other commands (\`cdktf deploy\`, \`cdktf diff\`) read the same variable.

**Create your own environment.** Copy the file that is more similar, and change \`name\` to the new file's name:

    cp environments/demo.json environments/test.json    # then set "name": "test" in it
    ENVIRONMENT=test npm run synth

Editors with JSON Schema (VS Code needs no extension) complete and explain the fields, because the file's
first line names \`./schema.json\`. You can omit fields with a default. A mistake stops the command before it writes
anything. The command prints one sentence for each mistake: the field, the problem and the cure.

**Before you deploy, replace the placeholders.** The shipped files contain values that belong to nobody:

| What | In the shipped files | How to get your own |
| --- | --- | --- |
| Networks | \`203.0.113.0/24\`, \`198.51.100.16/28\`, \`192.0.2.0/28\` (reserved for documentation), \`10.50.0.0/24\`, \`10.60.0.0/16\` | Your own public address: run \`curl -4 https://icanhazip.com\` and add \`/32\`. A company's address: ask its network team. |
| Object ids | \`11111111-1111-4111-8111-111111111111\` and similar | See below. |
| Application ids | \`77777777-7777-4777-8777-777777777777\` and similar | \`az ad app create --display-name NAME --query appId\`, see Login below. |
| State | \`stterraformstate\` in \`rg-terraform-state\` | An existing storage account. The deployers need the role Storage Blob Data Contributor in it. |

**Object ids** identify people and groups in Entra ID. They are not secret. To look one up:

    az ad signed-in-user show --query id --output tsv           # you
    az ad user show --id NAME@EXAMPLE.COM --query id --output tsv
    az ad group show --group NAME --query id --output tsv
    az ad sp show --id APPLICATION_ID --query id --output tsv   # a pipeline: not the application's own id

**The file names three kinds of people.** They are different on purpose:

- \`deployers\` run the deployment and configure Vault: its mounts, roles and policies. Their own policy reads no secrets.
  But a deployer can write a policy that does, and the audit log shows this. If one person runs a demo with a local
  state, \`signed-in-user\` means the person who runs the commands. To replace it by names, put this person first in the
  list and deploy. After that, the order does not matter.
- \`recoveryKeyReaders\` can read Vault's recovery keys. In an emergency, these keys create a root token. Nobody may be
  in both lists: a person who can change the infrastructure must not be able to open Vault. The check before the deployment cannot
  compare \`signed-in-user\` with these ids, so do not name yourself here in your own demo.
- \`network.sshAdministrators\` can log in to the VMs. Usually this list is empty.

**Ranges** are the networks that may connect, as IPv4 with a prefix length: \`203.0.113.7/32\` is one address, \`203.0.113.0/24\`
is the 256 addresses that begin with 203.0.113. The firewalls refuse all other networks.

- \`deployerRanges\` reach Vault, the Key Vaults and the web apps' deployment endpoint. At least one range must be public,
  because Key Vault's firewall does not accept private ones.
- \`clientRanges\` reach Vault and the web apps.
- \`sshRanges\` reach port 22.

Without \`vault.publicAddress\` only private networks reach Vault: networks that are connected to its virtual
network by peering, VPN or ExpressRoute.

**Paths** are the requests that a workload may send to Vault. Its database role's credentials are always allowed. The file
may name only these paths:

- for a key of \`transitKeys\`: \`transit/encrypt/<key>\`, \`transit/decrypt/<key>\`, \`transit/rewrap/<key>\`,
  \`transit/hmac/<key>\`, \`transit/verify/<key>\` and \`transit/keys/<key>\` (its metadata)
- for a role of \`databaseRoles\`: \`database/creds/<role>\`
- in the Enterprise edition: \`transform/encode/customer\` and \`transform/decode/customer\`

**Login.** With \`requireLogin\`, App Service admits only people who signed in with Entra ID. Only \`/healthz\` answers
without a sign-in. Each web app has its own app registration, and \`login.clientId\` is its application
id. There is no client secret: the stack creates an identity that acts for the app registration. An owner of the app
registration allows this once, with the web app's entry in the stack's output \`webapp_federated_credentials\`:

    az ad app update --id CLIENT_ID --web-redirect-uris WEBAPP_URL/.auth/login/aad/callback
    az ad app federated-credential create --id CLIENT_ID --parameters credential.json

After that, everyone in the tenant can sign in. To limit this, set \`Assignment required\` on the enterprise application.

**VM sizes.** The default, \`Standard_D2s_v5\`, has SCSI disks. Sizes from v6 have NVMe disks, with another name for the data
disk. They should work, too, but nobody has booted one on Azure yet. A change between the two kinds creates a new VM. It keeps the data disk, the
name and the address. Series that Azure retires cause a warning. \`ubuntu\` affects only new VMs. [azure.md](azure.md) has the reasons.

**Durations** are a whole number and a unit: \`90s\`, \`3m\`, \`3h\`, \`30d\`.
`;

/**
 * The text of docs/environments.md: how to write an environment, and every field with its description from the
 * schema.
 */
export function environmentDocumentation(): string {
  const root: Section = {
    heading: "Fields",
    introduction: "The fields of an environment file. Objects and lists of objects have their own sections.",
    schema: environmentJsonSchema(),
    path: [],
  };
  const sections = [root, ...sectionsBelow(root.schema, [])];
  return [introduction, ...sections.map((section) => renderSection(section, sections))].join("\n");
}

/** Depth first, in the schema's order. */
function sectionsBelow(schema: JsonSchema, path: string[]): Section[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = [...path, name];
    const heading = `\`${here.join(".")}\``;
    const { description = "" } = field;
    if (field.oneOf) {
      return field.oneOf.map((variant) => {
        const [key, choice] = discriminator(variant);
        return {
          heading: `${heading} with \`"${key}": "${choice.const}"\``,
          introduction: choice.description ?? "",
          schema: variant,
          path: here,
        };
      });
    }
    if (field.properties) {
      return [
        { heading, introduction: description, schema: field, path: here },
        ...sectionsBelow(field, here),
      ];
    }
    if (field.items?.properties) {
      return [
        { heading, introduction: `${description} Each entry:`, schema: field.items, path: here },
        ...sectionsBelow(field.items, here),
      ];
    }
    const entries = field.additionalProperties || undefined;
    if (entries?.properties) {
      return [
        {
          heading,
          introduction: `${description} Each entry is \`"<name>": { ... }\`${rule(field.propertyNames)}, with:`,
          schema: entries,
          path: here,
        },
      ];
    }
    return [];
  });
}

function renderSection(
  { heading, introduction: text, schema, path }: Section,
  all: readonly Section[],
): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const required = schema.required?.includes(name) ?? false;
    const below = all.find((section) => section.path.join(".") === [...path, name].join("."));
    const link = below ? `: [fields](#${anchor(below.heading)})` : "";
    return [
      `\`${name}\``,
      `${typeAndLimits(field)}${link}`,
      defaultText(field, required),
      field.description ?? "",
    ];
  });
  const lines = [["Field", "Type and limits", "Default", "Meaning"], ["---", "---", "---", "---"], ...rows];
  return `## ${heading}\n\n${text}\n\n${lines.map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")}\n`;
}

/** Computes an anchor from a heading, as GitHub and VS Code do. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** Escapes bars, because a bar ends a table's cell even in code. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function typeAndLimits(field: JsonSchema): string {
  if (field.oneOf) {
    const kinds = field.oneOf.map((variant) => `\`${JSON.stringify(discriminator(variant)[1].const)}\``);
    return `object, ${alternatives(kinds)}`;
  }
  if (field.anyOf) return alternatives(field.anyOf.map(typeAndLimits));
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum) return alternatives(field.enum.map((value) => `\`${JSON.stringify(value)}\``));
  switch (field.type) {
    case "boolean":
      return "`true` or `false`";
    case "integer":
      return `whole number${limits(field.minimum, field.maximum)}`;
    case "array": {
      const count = limits(field.minItems, field.maxItems);
      return `list${count && `${count} entries`} of ${field.items?.properties ? "objects" : plural(field.items ?? {})}`;
    }
    case "object":
      return field.additionalProperties && !field.additionalProperties.properties
        ? "object of strings"
        : "object";
    default:
      if (field.format === "uuid") return "GUID";
      return `string${rule(field)}`;
  }
}

function alternatives(values: readonly string[]): string {
  return [values.slice(0, -1).join(", "), ...values.slice(-1)].filter(Boolean).join(" or ");
}

function plural(items: JsonSchema): string {
  if (items.enum) return items.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  return items.format === "uuid" ? "GUIDs" : `strings${rule(items)}`;
}

/** Returns the cure of the schema's message for a malformed string. The cure comes after the semicolon. */
function rule({ patternErrorMessage, maxLength }: JsonSchema = {}): string {
  const cure = patternErrorMessage?.split("; ").slice(1).join("; ").replace(/\.$/, "");
  if (cure && !cure.startsWith("remove")) return `: ${cure}`;
  return maxLength === undefined ? "" : `, ${maxLength} characters at most`;
}

function limits(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined && most < Number.MAX_SAFE_INTEGER)
    return `, ${least} to ${most}`;
  if (least !== undefined) return `, ${least} or more`;
  return most === undefined ? "" : `, up to ${most}`;
}

function defaultText(field: JsonSchema, required: boolean): string {
  if (required) return "required";
  if (field.default === undefined) return "none";
  if (field.properties && isEmpty(field.default)) return "its fields' defaults";
  return `\`${inline(field.default)}\``;
}

/** Prints JSON with a space after colons and commas. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${inline(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Finds the field whose value distinguishes the variants. */
function discriminator(variant: JsonSchema): [string, JsonSchema] {
  const found = Object.entries(variant.properties ?? {}).find(([, field]) => field.const !== undefined);
  if (!found)
    throw new Error("The documentation needs a constant field in each variant. Add one to the schema.");
  return found;
}
