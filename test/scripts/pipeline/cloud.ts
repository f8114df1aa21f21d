// The package has no types.
const { search } = require("jmespath") as { search: (json: unknown, query: string) => unknown };

export type Cloud = ReturnType<typeof emptyCloud>;

/** Returns Azure and GitHub before a script has created anything. */
export function emptyCloud() {
  const builtIn = [
    "Key Vault Certificates Officer",
    "Key Vault Crypto Officer",
    "Key Vault Secrets Officer",
    "Key Vault Crypto Service Encryption User",
    "Key Vault Reader",
    "Key Vault Secrets User",
    "Monitoring Metrics Publisher",
    "Storage Blob Data Contributor",
    "Storage Blob Data Reader",
    "Virtual Machine Administrator Login",
    "Vault Recovery Key Writer (production)",
    "Vault Snapshot Keeper (production)",
    "Virtual Machine Reader (production)",
  ];
  return {
    groups: [] as string[],
    accounts: {} as Record<
      string,
      {
        group: string;
        /** Kind and redundancy. */
        kind?: string;
        settings: string;
        versions: string;
        /** Public access, by container. */
        containers: Record<string, string>;
      }
    >,
    takenNames: [] as string[],
    locks: [] as { name: string; level: string; resource: string; type: string }[],
    assignments: [] as {
      id: string;
      principal: string;
      type: string;
      role: string;
      scope: string;
      condition: string;
    }[],
    roles: Object.fromEntries(builtIn.map((name) => [name, `id-of-${name.replaceAll(" ", "-")}`])),
    /** Actions of the custom roles that the scripts define. */
    roleActions: {} as Record<string, string[]>,
    /** The number of queries in which Azure does not list a new role yet. */
    roleDelay: 0,
    identities: {} as Record<string, string[]>,
    trusts: {} as Record<string, { issuer: string; subject: string; audiences: string[] }>,
    failures: {} as Record<string, string>,
    loggedOut: false,
    github: {
      issue: undefined as { open: boolean; title: string; body: string } | undefined,
      repository: "acme/vault" as string | undefined,
      oidc: "true repo:acme@12/vault@34" as string | undefined,
      environments: {} as Record<string, GithubEnvironment>,
      variables: {} as Record<string, string>,
      loggedOut: false,
    },
  };
}

/** The rules of a GitHub environment. */
interface GithubEnvironment {
  reviewers: { type: string; id: number }[];
  preventSelfReview: boolean;
  /** null: any branch may deploy. */
  policy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  branches: { type: string; name: string }[];
}

/** A program's call: the words before its first option, the options' values, and its stdin. */
interface Call {
  words: string[];
  command: string;
  /** The option's value, or an empty string. */
  option: (name: string) => string;
  /** All values of an option that accepts several. */
  values: (name: string) => string[];
  /** Every option of the call. */
  flags: ReadonlySet<string>;
  input: string;
}

/** The error of an imitated program. */
export class ProgramError extends Error {}

function refuse(message: string): never {
  throw new ProgramError(message);
}

export function callOf(args: readonly string[], input: string): Call {
  const first = args.findIndex((arg) => arg.startsWith("--"));
  const words = first < 0 ? [...args] : args.slice(0, first);
  const option = (name: string) => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? "") : "");
  const values = (name: string) => {
    const rest = args.slice(args.indexOf(name) + 1);
    const end = rest.findIndex((arg) => arg.startsWith("--"));
    return end < 0 ? rest : rest.slice(0, end);
  };
  const flags = new Set(args.filter((arg) => arg.startsWith("--")));
  return { words, command: words.join(" "), option, values, flags, input };
}

/** Returns the text that the Azure CLI prints for an answer. The CLI's own library evaluates --query. */
export function azOutput(answer: unknown, { option }: Call): string {
  if (answer === undefined || option("--output") === "none") return "";
  const query = option("--query");
  const chosen = query ? search(answer, query) : answer;
  if (option("--output") !== "tsv") return JSON.stringify(chosen);
  return (Array.isArray(chosen) ? chosen : [chosen]).join("\n");
}

/** An imitation of the Azure CLI. It records in the cloud what it creates, and returns what the real one prints as JSON. */
export function az(state: Cloud, { command, option, values, flags }: Call): unknown {
  const commands: Record<string, () => unknown> = {
    "account show": () =>
      state.loggedOut
        ? refuse("ERROR: Please run 'az login' to setup account.")
        : {
            id: "SUB-ID",
            tenantId: "TENANT-ID",
            name: "Test",
            state: "Enabled",
            environmentName: "AzureCloud",
          },
    "ad signed-in-user show": () => ({ id: "99999999-9999-4999-8999-999999999999" }),
    "group exists": () => state.groups.includes(option("--name")),
    "group create": () => void state.groups.push(option("--name")),
    "group delete": () => {
      state.groups = state.groups.filter((group) => group !== option("--name"));
    },
    "storage account list": () =>
      Object.entries(state.accounts).map(([name, { group }]) => ({ name, resourceGroup: group })),
    "storage account check-name": () => ({ nameAvailable: !state.takenNames.includes(option("--name")) }),
    "storage account create": () => {
      state.accounts[option("--name")] = {
        group: option("--resource-group"),
        kind: `${option("--kind")} ${option("--sku")}`,
        settings: settings(),
        versions: "null null null",
        containers: {},
      };
    },
    "storage account delete": () => {
      if (state.locks.some(({ resource }) => resource === option("--name")))
        refuse("ERROR: (ScopeLocked) The scope cannot perform delete operation because of a lock.");
      delete state.accounts[option("--name")];
    },
    "storage account show": () => {
      const [tls = "", blobs, keys, https, tenants] = account("--name").settings.split(" ");
      return {
        minimumTlsVersion: tls,
        allowBlobPublicAccess: blobs === "true",
        allowSharedKeyAccess: keys === "true",
        enableHttpsTrafficOnly: https === "true",
        allowCrossTenantReplication: tenants === "true",
      };
    },
    "storage account update": () => {
      account("--name").settings = settings();
    },
    "storage account blob-service-properties show": () => {
      const [versioning, blobs, containers] = account("--account-name").versions.split(" ");
      const retention = (days = "null") => (days === "null" ? null : { enabled: true, days: Number(days) });
      return {
        isVersioningEnabled: versioning === "null" ? null : versioning === "true",
        deleteRetentionPolicy: retention(blobs),
        containerDeleteRetentionPolicy: retention(containers),
      };
    },
    "storage account blob-service-properties update": () => {
      for (const flag of ["--enable-delete-retention", "--enable-container-delete-retention"]) {
        if (option(flag) !== "true") refuse(`ERROR: (InvalidXmlDocument) days without ${flag}`);
      }
      account("--account-name").versions = [
        "--enable-versioning",
        "--delete-retention-days",
        "--container-delete-retention-days",
      ]
        .map(option)
        .join(" ");
    },
    "storage container-rm exists": () => ({
      exists: option("--name") in account("--storage-account").containers,
    }),
    "storage container-rm create": () => {
      account("--storage-account").containers[option("--name")] =
        option("--public-access") || refuse("ERROR: (NotSaid) Say who may read the container.");
    },
    "lock list": () =>
      state.locks.filter(
        ({ resource, type }) => resource === option("--resource") && type === option("--resource-type"),
      ),
    "lock delete": () => {
      state.locks = state.locks.filter(({ name }) => name !== option("--name"));
    },
    "lock create": () =>
      void state.locks.push({
        name: option("--name"),
        level: option("--lock-type"),
        resource: option("--resource"),
        type: option("--resource-type"),
      }),
    "role assignment list": () =>
      state.assignments
        .filter(({ scope, principal }) =>
          flags.has("--all") ? principal === option("--assignee") : scope === option("--scope"),
        )
        .map(({ id, principal, role, condition }) => ({
          id,
          principalId: principal,
          roleDefinitionName: role,
          condition: condition || null,
        })),
    "role assignment create": () => {
      // Azure supports the operators of the scripts' conditions only in version 2.0.
      if ((option("--condition") === "") !== (option("--condition-version") !== "2.0"))
        refuse("ERROR: (InvalidCondition) The condition needs version 2.0.");
      state.assignments.push({
        id: `assignment-${state.assignments.length}`,
        principal: option("--assignee-object-id"),
        type: option("--assignee-principal-type"),
        role: option("--role"),
        scope: option("--scope"),
        condition: option("--condition"),
      });
    },
    "role assignment delete": () => {
      const going = state.assignments.filter(({ id }) => values("--ids").includes(id));
      if (state.locks.some(({ resource }) => going.some(({ scope }) => scope.includes(`/${resource}/`))))
        refuse("ERROR: (ScopeLocked) The scope cannot perform delete operation because of a lock.");
      state.assignments = state.assignments.filter(({ id }) => !values("--ids").includes(id));
    },
    "role definition list": () => {
      const name = option("--name");
      const id = state.roles[name];
      if (name in state.roleActions && state.roleDelay > 0) {
        state.roleDelay--;
        return [];
      }
      return id
        ? [{ name: id, roleName: name, permissions: [{ actions: state.roleActions[name] ?? [] }] }]
        : [];
    },
    "role definition create": defineRole,
    "role definition update": defineRole,
    "role definition delete": () => {
      delete state.roles[option("--name")];
      delete state.roleActions[option("--name")];
    },
    "identity show": () => identity(option("--name")) ?? refuse("ERROR: (ResourceNotFound)"),
    "identity list": () => Object.keys(state.identities).map(identity),
    "identity create": () => {
      const digit = String(Object.keys(state.identities).length + 4);
      const id = (kind: string) =>
        [8, 4, 4, 4, 12]
          .map((length) => digit.repeat(length))
          .join("-")
          .replace(/^./, kind);
      // Version and variant, as in a GUID.
      state.identities[option("--name")] = [id("c"), id("e").replace(/-\d(\d{3})-\d/, "-4$1-8")];
      return identity(option("--name"));
    },
    "identity federated-credential list": () => {
      const of = `${option("--identity-name")} `;
      return Object.entries(state.trusts)
        .filter(([name]) => name.startsWith(of))
        .map(([name, trusted]) => ({ name: name.slice(of.length), ...trusted }));
    },
    "identity federated-credential delete": () => {
      if (!flags.has("--yes")) refuse("ERROR: Unable to prompt for confirmation as no tty available.");
      delete state.trusts[`${option("--identity-name")} ${option("--name")}`];
    },
    "identity federated-credential create": trust,
    "identity federated-credential update": trust,
  };

  function identity(name: string) {
    const [clientId, principalId] = state.identities[name] ?? [];
    return clientId && { name, clientId, principalId };
  }

  function defineRole(): undefined {
    const { Name, Actions, AssignableScopes } = JSON.parse(option("--role-definition"));
    if (AssignableScopes.join() !== "/subscriptions/SUB-ID") refuse("ERROR: (InvalidScope)");
    state.roles[Name] = `id-of-${Name.replaceAll(" ", "-")}`;
    state.roleActions[Name] = Actions;
  }

  function account(named: string) {
    return state.accounts[option(named)] ?? refuse("ERROR: (ResourceNotFound) The account does not exist.");
  }

  function settings(): string {
    return [
      "--min-tls-version",
      "--allow-blob-public-access",
      "--allow-shared-key-access",
      "--https-only",
      "--allow-cross-tenant-replication",
    ]
      .map(option)
      .join(" ");
  }

  function trust(): undefined {
    state.trusts[`${option("--identity-name")} ${option("--name")}`] = {
      issuer: option("--issuer"),
      subject: option("--subject"),
      audiences: values("--audiences"),
    };
  }

  const failure = state.failures[command];
  if (failure) refuse(failure);
  const known = commands[command];
  return known ? known() : refuse(`ERROR: the imitation of az knows no ${command}`);
}

/** An environment in GitHub's response. Source: GitHub, REST API endpoints for deployment environments. */
function environmentJson({ reviewers, preventSelfReview, policy }: GithubEnvironment): unknown {
  const asked = {
    type: "required_reviewers",
    prevent_self_review: preventSelfReview,
    reviewers: reviewers.map(({ type, id }) => ({ type, reviewer: { id } })),
  };
  return {
    protection_rules: [
      ...(reviewers.length > 0 ? [asked] : []),
      ...(policy ? [{ type: "branch_policy" }] : []),
    ],
    deployment_branch_policy: policy,
  };
}

/** An imitation of GitHub's CLI, for one repository. It returns what the real one prints as JSON. */
export function gh(state: Cloud, { words, option, input }: Call): unknown {
  const { github } = state;
  const path = words[1] ?? "";
  const method = option("--method") || "GET";

  /** Missing fields fall back to GitHub's defaults. */
  const putEnvironment = (name: string, said: Record<string, unknown>): void => {
    github.environments[name] = {
      reviewers: (said.reviewers ?? []) as GithubEnvironment["reviewers"],
      preventSelfReview: said.prevent_self_review === true,
      policy: (said.deployment_branch_policy ?? null) as GithubEnvironment["policy"],
      branches: github.environments[name]?.branches ?? [],
    };
  };

  const api = (): unknown => {
    if (/^repos\/[^/]+\/[^/]+$/.test(path))
      return github.repository ? { full_name: github.repository } : refuse("gh: Not Found (HTTP 404)");
    if (path.endsWith("/actions/oidc/customization/sub")) {
      const [useDefault, prefix] = github.oidc?.split(" ") ?? refuse("gh: Forbidden (HTTP 403)");
      return { use_default: useDefault === "true", ...(prefix && { sub_claim_prefix: prefix }) };
    }
    if (path.startsWith("users/"))
      return path === "users/nobody"
        ? refuse("gh: Not Found (HTTP 404)")
        : { id: path === "users/octocat" ? 4711 : 4712 };
    if (path.includes("/variables/")) {
      const value = github.variables[path.split("/").slice(3).join("/")];
      return value === undefined ? refuse("gh: Not Found (HTTP 404)") : { value };
    }
    const [, name = "", branches] =
      /\/environments\/([^/]+)(\/deployment-branch-policies)?$/.exec(path) ?? [];
    if (name && !branches && method === "PUT") return void putEnvironment(name, JSON.parse(input));
    const environment = github.environments[name] ?? refuse("gh: Not Found (HTTP 404)");
    if (branches && method === "POST") {
      if (!environment.policy?.custom_branch_policies) refuse("gh: Not Found (HTTP 404)");
      return void environment.branches.push({
        type: "branch",
        name: option("--raw-field").replace("name=", ""),
      });
    }
    if (branches) return { branch_policies: environment.branches };
    if (name) return environmentJson(environment);
    return refuse(`gh: the imitation knows no ${path}`);
  };

  const commands: Record<string, () => unknown> = {
    auth: () => (github.loggedOut ? refuse("You are not logged into any GitHub hosts.") : undefined),
    api,
    variable: () => {
      if (words[1] === "delete") return void delete github.variables[`actions/variables/${words[2]}`];
      const place = option("--env") ? `environments/${option("--env")}/` : "";
      github.variables[`${place}actions/variables/${words[2]}`] = option("--body");
    },
    workflow: () =>
      words.slice(1, 3).join(" ") === "run main.yml" ? undefined : refuse("could not find any workflows"),
    issue: () => {
      const { issue } = github;
      if (words[1] === "list") return issue?.open ? [{ number: 7, title: issue.title }] : [];
      if (words[1] === "close") Object.assign(issue ?? {}, { open: false });
      else github.issue = { open: true, title: option("--title") || (issue?.title ?? ""), body: input };
      return undefined;
    },
  };
  const known = commands[words[0] ?? ""];
  return known ? known() : refuse(`gh: the imitation knows no ${words.join(" ")}`);
}

/** An imitation of Terraform: it prints each stack's plan, or fails with an error. */
export function terraform(
  plans: Readonly<Record<string, unknown>>,
  args: readonly string[],
): string | undefined {
  const stack = args[0]?.split("/").at(-1) ?? "";
  const plan = plans[stack] ?? { format_version: "1.2", planned_values: {} };
  if (args[1] === "plan" && typeof plan === "string") refuse(`\n│ Error: ${plan}\n│ \n│ with the rest of it`);
  if (args[1] === "plan" && asPlan(plan).resource_changes?.length) throw new ProgramError("", { cause: 2 });
  return args[1] === "show" ? JSON.stringify(plan) : undefined;
}

function asPlan(plan: unknown): { resource_changes?: unknown[] } {
  return plan as { resource_changes?: unknown[] };
}
