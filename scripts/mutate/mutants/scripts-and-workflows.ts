import { mutantsOf } from "../mutant";

/** Mistakes in the scripts and workflows. */
export const scriptMutants = [
  ...mutantsOf(
    "scripts/deployment/pipeline/create-state-store.ts",
    ["scripts/pipeline/create-state-store"],
    [
      ["the states' container is public", '"--public-access", "off"', '"--public-access", "blob"'],
      ["a container without an access setting gets the default", ', "--public-access", "off"', ""],
      ["the states' account takes TLS 1.0", '"--min-tls-version", "TLS1_2"', '"--min-tls-version", "TLS1_0"'],
      [
        "states' blobs may be public",
        '"--allow-blob-public-access", "false"',
        '"--allow-blob-public-access", "true"',
      ],
      [
        "the states' account has keys",
        '"--allow-shared-key-access", "false"',
        '"--allow-shared-key-access", "true"',
      ],
      ["states travel over plain HTTP", '"--https-only", "true"', '"--https-only", "false"'],
      [
        "states are copied to other tenants",
        '"--allow-cross-tenant-replication", "false"',
        '"--allow-cross-tenant-replication", "true"',
      ],
      ["an overwritten state is gone", '"--enable-versioning", "true"', '"--enable-versioning", "false"'],
      ["deleted states are gone after a day", "retentionDays = 30", "retentionDays = 1"],
      ["the states are in one zone", "Standard_ZRS", "Standard_LRS"],
      ["the states' account has no lock", "    await this.lockAccount();\n", ""],
      [
        "the lock forbids changes, not deletion",
        '"--lock-type", "CanNotDelete"',
        '"--lock-type", "ReadOnly"',
      ],
      [
        "deployers own the container",
        'role: "Storage Blob Data Contributor"',
        'role: "Storage Blob Data Owner"',
      ],
      [
        "deployers write in the whole account",
        "${storageAccount}/blobServices/default/containers/${container}",
        "${storageAccount}",
      ],
      ["an open account stays as it is", 'found.minimumTlsVersion === "TLS1_2" &&', "true ||"],
    ],
    "^create-state-store",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/pipeline-identity.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      [
        "pipeline identities trust another issuer",
        "https://token.actions.githubusercontent.com",
        "https://token.actions.example.com",
      ],
      ["pipeline identities take tokens for anybody", "api://AzureADTokenExchange", "api://Anybody"],
      [
        "old trusts stay",
        "of found.filter((one) => !(one.name in subjects))",
        "of found.slice(found.length)",
      ],
      [
        "a wrong trust stays",
        "trusted && isDeepStrictEqual({ ...trusted }, { name, issuer, subject, audiences })",
        "trusted",
      ],
    ],
    "run once|deletes the trust|corrects a wrong",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/github-repository.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      ["the author of a change approves it", "prevent_self_review: true,", "prevent_self_review: false,"],
      ["another branch deploys", '"name=main"', '"name=develop"'],
      ["nobody approves", 'reviewers: reviewers.map(({ id }) => ({ type: "User", id })),', "reviewers: [],"],
      ["a repository's own subject is accepted", "settings.use_default !== true", "false"],
      [
        "an environment without approvals is accepted",
        "all.every(({ reviewers }) => (reviewers ?? []).length === 0)",
        "false",
      ],
      [
        "an environment in which people approve their own runs is accepted",
        "!approvals.every(({ prevent_self_review }) => prevent_self_review === true)",
        "false",
      ],
      ["an environment that every branch uses is accepted", "if (!named || ", "if ("],
    ],
    "run once|nobody has to approve|may approve their own|subject is customised|branch.* deploys?$",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/github-cli.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      [
        "a GitHub that fails counts as one without approvals",
        "result.code !== 0 && /\\(HTTP 40[34]\\)/.test(result.stderr)",
        "result.code !== 0",
      ],
    ],
    "if GitHub does not say",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/trusted-subjects.ts",
    ["scripts/pipeline/create-pipeline-identity", "scripts/pipeline/hostile-pull-request"],
    [
      [
        "pull requests get the deploying identity",
        "${subject}:environment:${environment}`",
        "${subject}:pull_request`",
      ],
    ],
    "run once|requests its own tokens",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/pipeline-identities.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      ["every branch deploys", "    await this.checked.repository.onlyMainDeploys(name);\n", ""],
      [
        "every protected branch deploys",
        "{ protected_branches: false, custom_branch_policies: true }",
        "{ protected_branches: true, custom_branch_policies: false }",
      ],
      [
        "the pipeline gives itself any role",
        '"Role Based Access Control Administrator", scope, condition',
        '"Role Based Access Control Administrator", scope',
      ],
      ["the plan writes the states", '"Storage Blob Data Reader"', '"Storage Blob Data Contributor"'],
      ["the plan contributes", '"Reader", this.subscription', '"Contributor", this.subscription'],
      ["the plan reads secrets still", "    await this.forbidSecrets(principal);\n", ""],
    ],
    "run once|deletes the trust",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/assignment-condition.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [["the pipeline gives itself the stacks' roles", " AND ${notItself})", ")"]],
    "run once",
  ),
  ...mutantsOf(
    "scripts/deployment/login.ts",
    ["scripts/pipeline/create-state-store"],
    [
      [
        "another subscription than the named one is changed",
        "named && named.toLowerCase() !== id.toLowerCase()",
        "named === id",
      ],
    ],
    "another subscription",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/azure-setup.ts",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      ["an old condition stays", '(found.condition ?? "") === condition', "found"],
      ["a condition is of version 1", '"--condition-version", "2.0"', '"--condition-version", "1.0"'],
    ],
    "replaces the condition|run once",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/migrate-state.ts",
    ["scripts/pipeline/migrate-state"],
    [
      ["a move overwrites another state", "there.lineage !== old.lineage", "there.lineage === undefined"],
      ["an older copy counts as moved", "there.serial < old.serial", "there.serial < 0"],
      [
        "Terraform looks for moved states in the old place",
        'await rm(join(stackFolder(stack), ".terraform/terraform.tfstate"), { force: true });',
        "",
      ],
    ],
    "never overwrites|lets Terraform use",
  ),
  ...mutantsOf(
    "scripts/deployment/backend-folder.ts",
    ["scripts/pipeline/migrate-state"],
    [["Ctrl-C ends a move half way", "{ detached: true }", "{}"]],
    "at Ctrl-C",
  ),
  ...mutantsOf(
    "scripts/lock-providers",
    ["scripts/pipeline/lock-providers"],
    [
      [
        "providers are locked for one platform",
        "-platform=linux_amd64 -platform=linux_arm64 -platform=darwin_amd64 -platform=darwin_arm64",
        "-platform=linux_amd64",
      ],
    ],
  ),
  ...mutantsOf(
    "scripts/deployment/terraform.ts",
    ["scripts/pipeline/plan"],
    [["a plan takes any provider", 'providersAreLocked() ? ["-lockfile=readonly"] : []', "[] as string[]"]],
    "uses only committed providers",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/plan-stacks.ts",
    ["scripts/pipeline/plan"],
    [
      ["a plan locks the state", "{ ...scope, lock: false }", "scope"],
      ["a plan reads secrets", "targets: secrets, refresh: false", "targets: secrets"],
      ["a plan opens secrets", "    for (const { file } of system) makePlanOnly(file);\n", ""],
    ],
    "plans without a lock|refreshes every resource|opens no secret",
  ),
  ...mutantsOf(
    "scripts/deployment/temporary-folder.ts",
    ["scripts/pipeline/plan"],
    [["plans stay on the runner", "rmSync(path, { recursive: true, force: true });", ""]],
    "plans without a lock",
  ),
  ...mutantsOf(
    "scripts/deployment/pipeline/apply-reviewed.ts",
    ["scripts/pipeline/apply"],
    [
      ["the pipeline applies the roles of a person", "stack !== byPerson && ", ""],
      ["the pipeline applies vault-config unseen", " && stack !== last", ""],
    ],
    "leaves vm-reader-role",
  ),
  ...mutantsOf(
    ".github/workflows/main.yml",
    ["scripts/pipeline/workflows"],
    [
      ["untested commits are applied", "    needs: [test, plan]\n", "    needs: [plan]\n"],
      ["unplanned commits are applied", "    needs: [test, plan]\n", "    needs: [test]\n"],
      ["untested commits are planned", "    needs: test\n", ""],
      ["vault-config is applied first", "    needs: apply\n", ""],
      [
        "any branch is applied",
        "    needs: [test, plan]\n    if: vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'\n",
        "    needs: [test, plan]\n    if: vars.DEPLOY_ENVIRONMENT != ''\n",
      ],
      [
        "any branch is planned",
        "    needs: test\n    if: vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'\n",
        "    needs: test\n    if: vars.DEPLOY_ENVIRONMENT != ''\n",
      ],
      [
        "any branch configures Vault",
        "    needs: apply\n    if: vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'\n",
        "    needs: apply\n    if: vars.DEPLOY_ENVIRONMENT != ''\n",
      ],
      ["a running deployment is cancelled", "  cancel-in-progress: false", "  cancel-in-progress: true"],
      ["two deployments at a time", "  group: deploy\n", "  group: deploy-${{ github.run_id }}\n"],
      ["every job may write", "permissions: {}", "permissions: write-all"],
      [
        "a plan that nobody read is applied",
        "REVIEWED_DIGESTS: ${{ needs.plan.outputs.digests }}",
        'REVIEWED_DIGESTS: ""',
      ],
      ["every branch's push deploys", "    branches: [main]\n", '    branches: ["**"]\n'],
      [
        "code scanning gets results of any branch",
        " && github.ref == 'refs/heads/main'\n    runs-on: ubuntu-24.04\n    timeout-minutes: 15",
        "\n    runs-on: ubuntu-24.04\n    timeout-minutes: 15",
      ],
    ],
  ),
  ...mutantsOf(
    ".github/workflows/pull-request.yml",
    ["scripts/pipeline/workflows"],
    [
      [
        "strangers' pull requests get the repository's rights",
        "  pull_request:\n",
        "  pull_request_target:\n",
      ],
      ["a plan of a pull request needs no approval", "    environment: ${{ vars.PLAN_ENVIRONMENT }}\n", ""],
      ["forks are planned", " && !github.event.pull_request.head.repo.fork", ""],
      ["pull requests run where deployments do", "vars.PLAN_RUNNER", "vars.PIPELINE_RUNNER"],
    ],
  ),
  ...mutantsOf(
    ".github/workflows/nightly.yml",
    ["scripts/pipeline/workflows"],
    [
      [
        "any branch reaches Azure at night",
        "    name: Drift\n    if: vars.DEPLOY_ENVIRONMENT != '' && github.ref == 'refs/heads/main'\n",
        "    name: Drift\n    if: vars.DEPLOY_ENVIRONMENT != ''\n",
      ],
    ],
  ),
];
