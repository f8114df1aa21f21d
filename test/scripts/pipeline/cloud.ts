export type Cloud = ReturnType<typeof emptyCloud>;

/** Azure and GitHub before anything was made. */
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
    "Virtual Machine Reader (production)",
  ];
  return {
    groups: [] as string[],
    accounts: {} as Record<
      string,
      { group: string; settings: string; versions: string; containers: string[] }
    >,
    takenNames: [] as string[],
    locks: [] as { name: string; resource: string }[],
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
    /** How often Azure does not list a new role yet. */
    roleDelay: 0,
    identities: {} as Record<string, string[]>,
    trusts: {} as Record<string, string>,
    failures: {} as Record<string, string>,
    loggedOut: false,
    github: {
      issue: undefined as { open: boolean; body: string } | undefined,
      repository: "acme/vault" as string | undefined,
      oidc: "true repo:acme@12/vault@34" as string | undefined,
      approvers: undefined as number | undefined,
      branches: [] as string[],
      variables: {} as Record<string, string>,
      loggedOut: false,
    },
  };
}

/** A program's call: the words before its first option, the options' values, and what came in by stdin. */
interface Call {
  words: string[];
  command: string;
  /** The option's value; empty where it is not given. */
  option: (name: string) => string;
  /** All values of an option that takes several. */
  values: (name: string) => string[];
  input: string;
}

/** What an imitated program refuses with. */
export class Refusal extends Error {}

function refuse(message: string): never {
  throw new Refusal(message);
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
  return { words, command: words.join(" "), option, values, input };
}

/** An imitation of the Azure CLI: what it is asked to make it keeps in the cloud's notes. */
export function az(state: Cloud, { command, option, values }: Call): string | undefined {
  const scopeOf = () => option("--scope");
  const query = option("--query");
  /** The value that a JMESPath filter of the scripts names: `[?name=='x']`. */
  const filtered = (field: string) => new RegExp(`${field}=='([^']*)'`).exec(query)?.[1] ?? "";

  const commands: Record<string, () => string | undefined> = {
    "account show": () =>
      state.loggedOut
        ? refuse("ERROR: Please run 'az login' to setup account.")
        : ["SUB-ID", "TENANT-ID", "Test"].join("\n"),
    "ad signed-in-user show": () => "99999999-9999-4999-8999-999999999999",
    "group exists": () => String(state.groups.includes(option("--name"))),
    "group create": () => void state.groups.push(option("--name")),
    "group delete": () => {
      state.groups = state.groups.filter((group) => group !== option("--name"));
    },
    "storage account list": () => {
      const account = state.accounts[filtered("name")];
      return account && (query.endsWith("resourceGroup") ? account.group : filtered("name"));
    },
    "storage account check-name": () => String(!state.takenNames.includes(option("--name"))),
    "storage account create": () => {
      state.accounts[option("--name")] = {
        group: option("--resource-group"),
        settings: settings(),
        versions: "null null null",
        containers: [],
      };
    },
    "storage account delete": () => {
      if (state.locks.some(({ resource }) => resource === option("--name")))
        refuse("ERROR: (ScopeLocked) The scope cannot perform delete operation because of a lock.");
      delete state.accounts[option("--name")];
    },
    "storage account show": () => account("--name").settings,
    "storage account update": () => {
      account("--name").settings = settings();
    },
    "storage account blob-service-properties show": () => account("--account-name").versions,
    "storage account blob-service-properties update": () => {
      account("--account-name").versions = [
        "--enable-versioning",
        "--delete-retention-days",
        "--container-delete-retention-days",
      ]
        .map(option)
        .join(" ");
    },
    "storage container-rm exists": () =>
      String(account("--storage-account").containers.includes(option("--name"))),
    "storage container-rm create": () => void account("--storage-account").containers.push(option("--name")),
    "lock list": () => state.locks.find((lock) => lock.resource === option("--resource"))?.name,
    "lock delete": () => {
      state.locks = state.locks.filter(({ name }) => name !== option("--name"));
    },
    "lock create": () => void state.locks.push({ name: option("--name"), resource: option("--resource") }),
    "role assignment list": () =>
      state.assignments
        .filter(({ scope, principal, role }) =>
          option("--assignee")
            ? principal === option("--assignee")
            : scope === scopeOf() &&
              principal === filtered("principalId") &&
              role === filtered("roleDefinitionName"),
        )
        .map(({ id, condition }) => (option("--assignee") ? id : `${id}\t${condition}`))
        .join("\n"),
    "role assignment create": () =>
      void state.assignments.push({
        id: `assignment-${state.assignments.length}`,
        principal: option("--assignee-object-id"),
        type: option("--assignee-principal-type"),
        role: option("--role"),
        scope: scopeOf(),
        condition: option("--condition"),
      }),
    "role assignment delete": () => {
      const going = state.assignments.filter(({ id }) => values("--ids").includes(id));
      if (state.locks.some(({ resource }) => going.some(({ scope }) => scope.includes(`/${resource}/`))))
        refuse("ERROR: (ScopeLocked) The scope cannot perform delete operation because of a lock.");
      state.assignments = state.assignments.filter(({ id }) => !values("--ids").includes(id));
    },
    "role definition list": () => {
      const name = option("--name");
      if (query.includes("permissions")) return state.roleActions[name]?.join("\t");
      if (name in state.roleActions && state.roleDelay > 0) {
        state.roleDelay--;
        return "";
      }
      return state.roles[name] ?? "";
    },
    "role definition create": defineRole,
    "role definition update": defineRole,
    "role definition delete": () => {
      delete state.roles[option("--name")];
      delete state.roleActions[option("--name")];
    },
    "identity show": () => state.identities[option("--name")]?.[1] ?? refuse("ERROR: (ResourceNotFound)"),
    "identity list": () => state.identities[filtered("name")]?.join("\t"),
    "identity create": () => {
      const digit = String(Object.keys(state.identities).length + 4);
      const id = (kind: string) =>
        [8, 4, 4, 4, 12]
          .map((length) => digit.repeat(length))
          .join("-")
          .replace(/^./, kind);
      // Version and variant, as a GUID has them.
      state.identities[option("--name")] = [id("c"), id("e").replace(/-\d(\d{3})-\d/, "-4$1-8")];
    },
    "identity federated-credential list": () =>
      state.trusts[`${option("--identity-name")} ${filtered("name")}`],
    "identity federated-credential create": trust,
    "identity federated-credential update": trust,
    "keyvault list": () => (state.groups.includes(option("--resource-group")) ? "/kv-id" : ""),
  };

  function defineRole(): undefined {
    const { Name, Actions, AssignableScopes } = JSON.parse(option("--role-definition"));
    if (AssignableScopes.join() !== "/subscriptions/SUB-ID") refuse("ERROR: (InvalidScope)");
    state.roles[Name] = `id-of-${Name.replaceAll(" ", "-")}`;
    state.roleActions[Name] = Actions;
  }

  function account(named: string) {
    return state.accounts[option(named)] ?? refuse("ERROR: (ResourceNotFound) There is no such account.");
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
    state.trusts[`${option("--identity-name")} ${option("--name")}`] = option("--subject");
  }

  const failure = state.failures[command];
  if (failure) refuse(failure);
  const known = commands[command];
  return known ? known() : refuse(`ERROR: the imitation of az knows no ${command}`);
}

/** An imitation of GitHub's CLI, for one repository. */
export function gh(state: Cloud, { words, option, input }: Call): string | undefined {
  const { github } = state;
  const path = words[1] ?? "";
  const method = option("--method") || "GET";

  const api = (): string | undefined => {
    if (/^repos\/[^/]+\/[^/]+$/.test(path)) return github.repository ?? refuse("gh: Not Found (HTTP 404)");
    if (path.endsWith("/actions/oidc/customization/sub"))
      return github.oidc ?? refuse("gh: Forbidden (HTTP 403)");
    if (path.startsWith("users/"))
      return path === "users/nobody" ? refuse("gh: Not Found (HTTP 404)") : "4711";
    if (path.endsWith("/deployment-branch-policies")) {
      if (method === "POST") return void github.branches.push(option("--raw-field").replace("name=", ""));
      return github.branches.join("\n");
    }
    if (path.includes("/variables/"))
      return github.variables[path.split("/").slice(3).join("/")] ?? refuse("gh: Not Found (HTTP 404)");
    if (path.includes("/environments/")) {
      if (method === "PUT") {
        github.approvers = JSON.parse(input).reviewers.length;
        return undefined;
      }
      return github.approvers === undefined ? refuse("gh: Not Found (HTTP 404)") : String(github.approvers);
    }
    return refuse(`gh: the imitation knows no ${path}`);
  };

  const commands: Record<string, () => string | undefined> = {
    auth: () => (github.loggedOut ? refuse("You are not logged into any GitHub hosts.") : undefined),
    api,
    variable: () => {
      if (words[1] === "delete") return void delete github.variables[`actions/variables/${words[2]}`];
      const place = option("--env") ? `environments/${option("--env")}/` : "";
      github.variables[`${place}actions/variables/${words[2]}`] = option("--body");
    },
    issue: () => {
      if (words[1] === "list") return github.issue?.open ? "7" : "";
      if (words[1] === "close") Object.assign(github.issue ?? {}, { open: false });
      else github.issue = { open: true, body: input };
      return undefined;
    },
  };
  return commands[words[0] ?? ""]?.();
}

/** An imitation of Terraform: what each stack's plan shows, or the error that it ends with. */
export function terraform(
  plans: Readonly<Record<string, unknown>>,
  args: readonly string[],
): string | undefined {
  const stack = args[0]?.split("/").at(-1) ?? "";
  const plan = plans[stack] ?? { format_version: "1.2", planned_values: {} };
  if (args[1] === "plan" && typeof plan === "string") refuse(`\n│ Error: ${plan}\n│ \n│ with the rest of it`);
  if (args[1] === "plan" && asPlan(plan).resource_changes?.length) throw new Refusal("", { cause: 2 });
  return args[1] === "show" ? JSON.stringify(plan) : undefined;
}

function asPlan(plan: unknown): { resource_changes?: unknown[] } {
  return plan as { resource_changes?: unknown[] };
}
