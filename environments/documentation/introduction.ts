/** The first part of docs/environments.md: how to write an environment. */
export const introduction = `# Environments

<!-- \`npm run generate\` writes this page from environments/schema.ts, environments/rules/ and environments/documentation/. Change these files instead. -->

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
  because Key Vault's firewall does not accept private ones. With \`subnets.privateEndpoints\` and without web apps, all may
  be private.
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
id. It needs no client secret, because the stack creates an identity that acts for the app registration. An owner of the app
registration allows this once, with the web app's entry in the stack's output \`webapp_federated_credentials\`:

    az ad app update --id CLIENT_ID --web-redirect-uris WEBAPP_URL/.auth/login/aad/callback
    az ad app federated-credential create --id CLIENT_ID --parameters credential.json

After that, everyone in the tenant can sign in. To limit this, set \`Assignment required\` on the enterprise application.

**VM sizes.** The default, \`Standard_D2s_v5\`, has SCSI disks. Sizes from v6 have NVMe disks, with another name for the data
disk. They should work, too, but nobody has booted one on Azure yet. A change between the two kinds creates a new VM. It keeps the data disk, the
name and the address. Series that Azure retires cause a warning. \`ubuntu\` affects only new VMs. [azure.md](azure.md) has the reasons.

**Durations** are a whole number and a unit: \`90s\`, \`3m\`, \`3h\`, \`30d\`.
`;
