import { mutantsOf } from "../mutant";

/** Mistakes in the scripts and workflows. */
export const scriptMutants = [
  ...mutantsOf(
    "scripts/create-state-store",
    ["scripts/pipeline/create-state-store"],
    [
      ["the states' container is public", "--public-access off", "--public-access blob"],
      ["a container without an access setting gets the default", " --public-access off", ""],
      ["the states' account takes TLS 1.0", "--min-tls-version TLS1_2", "--min-tls-version TLS1_0"],
      ["states' blobs may be public", "--allow-blob-public-access false", "--allow-blob-public-access true"],
      ["the states' account has keys", "--allow-shared-key-access false", "--allow-shared-key-access true"],
      ["states come by plain HTTP", "--https-only true", "--https-only false"],
      [
        "states are copied to other tenants",
        "--allow-cross-tenant-replication false",
        "--allow-cross-tenant-replication true",
      ],
      ["an overwritten state is gone", "--enable-versioning true", "--enable-versioning false"],
      ["deleted states are gone after a day", "retention_days=30", "retention_days=1"],
      ["the states are in one zone", "Standard_ZRS", "Standard_LRS"],
      ["the states' account has no lock", "\nlock_account\n", "\n"],
      ["the lock forbids changes, not deletion", "--lock-type CanNotDelete", "--lock-type ReadOnly"],
      [
        "deployers own the container",
        '"Storage Blob Data Contributor" "$scope"',
        '"Storage Blob Data Owner" "$scope"',
      ],
      [
        "deployers write in the whole account",
        "scope=$scope/blobServices/default/containers/$container\n",
        "true\n",
      ],
      [
        "an open account stays as it is",
        'if [ "$found" = "TLS1_2 false false true false" ]; then',
        "if true; then",
      ],
    ],
  ),
  ...mutantsOf(
    "scripts/create-pipeline-identity",
    ["scripts/pipeline/create-pipeline-identity"],
    [
      [
        "pipeline identities trust another issuer",
        "issuer=https://token.actions.githubusercontent.com",
        "issuer=https://token.actions.example.com",
      ],
      [
        "pipeline identities take tokens for anybody",
        "audience=api://AzureADTokenExchange",
        "audience=api://Anybody",
      ],
      ["the author of a change approves it", '"prevent_self_review": true', '"prevent_self_review": false'],
      ["every branch deploys", "\nonly_main_deploys\n", "\n"],
      [
        "every protected branch deploys",
        '{"protected_branches": false, "custom_branch_policies": true}',
        '{"protected_branches": true, "custom_branch_policies": false}',
      ],
      ["another branch deploys", "--raw-field name=main", "--raw-field name=develop"],
      ["nobody approves", '{"reviewers": [%s], ', '{"reviewers": [], "ignored": [%s], '],
      [
        "pull requests get the deploying identity",
        'github-environment "$subject:environment:$name"\n',
        'github-environment "$subject:pull_request"\n',
      ],
      ["old trusts stay", 'trust_nobody_else "id-$name-deploy" github-environment\n', ""],
      [
        "the plan's old trusts stay",
        'trust_nobody_else "id-$name-plan" github-environment github-main\n',
        "",
      ],
      [
        "the pipeline gives itself any role",
        '"Role Based Access Control Administrator" "$scope" "$condition"',
        '"Role Based Access Control Administrator" "$scope"',
      ],
      [
        "the plan writes the states",
        '"Storage Blob Data Reader" "$(state_scope)"',
        '"Storage Blob Data Contributor" "$(state_scope)"',
      ],
      [
        "the plan contributes",
        'ServicePrincipal Reader "/subscriptions/$subscription"',
        'ServicePrincipal Contributor "/subscriptions/$subscription"',
      ],
      ["the plan reads secrets still", '  forbid_secrets "$id"\n', ""],
      ["a repository's own subject is accepted", '[ "${answer%% *}" = true ] ||', "true ||"],
      ["an environment without approvals is accepted", '[ "$approvers" != 0 ] ||', "true ||"],
      [
        "an environment in which people approve their own runs is accepted",
        '[ "$self_review" = true ] ||',
        "true ||",
      ],
    ],
    "run once|deletes the trust|nobody has to approve|may approve their own|subject is customised",
  ),
  ...mutantsOf(
    "scripts/lib/steps.sh",
    ["scripts/pipeline/create-pipeline-identity", "scripts/pipeline/create-state-store"],
    [
      [
        "another subscription than the named one is changed",
        '[ "${ARM_SUBSCRIPTION_ID,,}" = "${subscription,,}" ] ||',
        "true ||",
      ],
      ["an old condition stays", '[ "${found#*$\'\\t\'}" = "$condition" ]', "true"],
      ["a condition is of version 1", "--condition-version 2.0", "--condition-version 1.0"],
    ],
    "replaces the condition|run once|another subscription",
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
    "scripts/pipeline/plan",
    ["scripts/pipeline/plan"],
    [
      ["a plan takes any provider", "lock_option=(-lockfile=readonly)", "lock_option=()"],
      ["a plan locks the state", "-lock=false ", ""],
      [
        "a plan reads secrets",
        'plan_part "$stack" "${parts[1]}" -refresh=false',
        'plan_part "$stack" "${parts[1]}"',
      ],
      ["plans stay on the runner", "trap 'rm -rf \"$work\"' EXIT\n", ""],
    ],
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
