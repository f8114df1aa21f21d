import { environmentJsonSchema, type JsonSchema } from "./json-schema";

/** A part of the schema that has a heading of its own. */
interface Section {
  heading: string;
  introduction: string;
  schema: JsonSchema;
  /** Where the schema stands, such as `["network", "subnets"]`. */
  path: string[];
}

const introduction = `# Environments

<!-- Written by \`npm run schema\` from environments/schema.ts and environments/documentation.ts; change those. -->

An environment is one installation of the whole system: Vault, its network, MySQL and the workloads. Each has a file,
\`environments/<name>.json\`, and everything in which one installation differs from another stands there. The code is the
same for all.

**Choosing one.** \`ENVIRONMENT=production npm run synth\` reads \`environments/production.json\`. Without the variable it is
\`demo\`: small, cheap, for one person. The other commands (\`cdktf deploy\`, \`cdktf diff\`) read the same variable.

**Making one of your own.** Copy the file that is closer to what you want and change \`name\` to the new file's name:

    cp environments/demo.json environments/test.json    # then set "name": "test" in it
    ENVIRONMENT=test npm run synth

Editors that know JSON Schema (VS Code does without an extension) complete the fields and explain them, because the file's
first line names \`./schema.json\`. Fields with a default may be left out. A mistake ends the command before anything is
written, with a sentence for each: the field, what is wrong, and how to put it right.

**Before you deploy, replace what stands for you and your company.** The shipped files hold values that belong to nobody:

| What | In the shipped files | Where yours comes from |
| --- | --- | --- |
| Networks | \`203.0.113.0/24\`, \`198.51.100.16/28\`, \`192.0.2.0/28\` (reserved for documentation), \`10.50.0.0/24\`, \`10.60.0.0/16\` | Your own public address: \`curl -4 https://icanhazip.com\`, with \`/32\` behind it. A company's: ask who runs its network. |
| Object ids | \`11111111-1111-4111-8111-111111111111\` and the like | See below. |
| Application ids | \`77777777-7777-4777-8777-777777777777\` and the like | \`az ad app create --display-name NAME --query appId\`, see Login below. |
| State | \`stterraformstate\` in \`rg-terraform-state\` | A storage account that exists already and in which the deployers are Storage Blob Data Contributor. |

**Object ids** say who somebody is in Entra ID. They are no secrets. To look one up:

    az ad signed-in-user show --query id --output tsv           # you
    az ad user show --id NAME@EXAMPLE.COM --query id --output tsv
    az ad group show --group NAME --query id --output tsv
    az ad sp show --id APPLICATION_ID --query id --output tsv   # a pipeline: not the application's own id

**Three kinds of people** are named in the file, and they differ on purpose:

- \`deployers\` run the deployment and configure Vault: its mounts, roles and policies. Their own policy reads no secret; but
  whoever writes policies could write one that does, which the audit log shows. In a demo of
  one person with a local state, \`signed-in-user\` stands for whoever runs the commands. To name people
  instead, put the person first for whom it stood, and deploy. After that, any order is right.
- \`recoveryKeyReaders\` may read Vault's recovery keys, with which a root token can be made when all else fails. Nobody is
  both: whoever can change the infrastructure must not be able to open Vault. \`signed-in-user\` cannot be compared with
  these ids before the deployment, so do not name yourself here in a demo of your own.
- \`network.sshAdministrators\` may log in to the VMs. Usually there are none.

**Ranges** are the networks that may connect, as IPv4 with a prefix length: \`203.0.113.7/32\` is one address, \`203.0.113.0/24\`
the 256 that begin with 203.0.113. What no range names is refused. \`deployerRanges\` reach Vault, the Key Vaults and the web
apps' deployment endpoint, \`clientRanges\` Vault and the web apps, \`sshRanges\` port 22. At least one of \`deployerRanges\` is public,
because Key Vault's firewall takes no private ones. Without \`vault.publicAddress\` Vault itself is reached from private
networks only: those that are connected to its virtual network by peering, VPN or ExpressRoute.

**Paths** are what a workload may do in Vault, beside reading its database role's credentials: for a key of \`transitKeys\`
\`transit/encrypt/<key>\`, \`transit/decrypt/<key>\`, \`transit/rewrap/<key>\`, \`transit/hmac/<key>\`, \`transit/verify/<key>\` and
\`transit/keys/<key>\` (its metadata); for a role of \`databaseRoles\` \`database/creds/<role>\`; in the Enterprise edition
\`transform/encode/customer\` and \`transform/decode/customer\`. Any other path is refused.

**Login.** With \`requireLogin\` App Service lets nobody through to a web app who has not signed in with Entra ID; only
\`/healthz\` answers without. People sign in to an app registration, one for each web app, and \`login.clientId\` is its application
id. There is no client secret: the stack makes an identity that speaks for the app registration. Whoever owns the app
registration says once that this is right, with what the stack's output \`webapp_federated_credentials\` holds for the web app:

    az ad app update --id CLIENT_ID --web-redirect-uris WEBAPP_URL/.auth/login/aad/callback
    az ad app federated-credential create --id CLIENT_ID --parameters credential.json

Everybody of the tenant may then sign in, until \`Assignment required\` is set on the enterprise application.

**VM sizes.** The default, \`Standard_D2s_v5\`, has SCSI disks. Sizes from v6 on have NVMe disks and work too, by another name of
the data disk; none of them was booted on Azure yet. A change between the two kinds makes a new VM, which keeps the data disk, the name and
the address. Series that Azure retires get a warning. \`ubuntu\` concerns VMs that are yet to be made. [azure.md](azure.md) has the reasons.

**Durations** are a whole number and a unit: \`90s\`, \`3m\`, \`3h\`, \`30d\`.
`;

/** docs/environments.md: how to write an environment, and every field from the schema's own descriptions. */
export function environmentDocumentation(): string {
  const root: Section = {
    heading: "Fields",
    introduction:
      "The fields of an environment file. Those that are objects or lists of objects have a section of their own.",
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

/** As GitHub and VS Code derive it from a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** A bar ends a table's cell, even in code. */
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

/** The second half of the schema's sentence for a string of the wrong form is how to write it right. */
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

/** JSON with a space behind colons and commas. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${inline(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The field by whose value one variant differs from another. */
function discriminator(variant: JsonSchema): [string, JsonSchema] {
  const found = Object.entries(variant.properties ?? {}).find(([, field]) => field.const !== undefined);
  if (!found)
    throw new Error("A variant without a constant field cannot be documented; give it one in the schema.");
  return found;
}
