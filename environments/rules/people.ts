import { z } from "zod";
import { excerpt, type Problem } from "../problem";
import { listAt, type Read } from "../read";
import { applicationId } from "./azure-names";
import { repeated } from "./repeated-entries";

const noObjectId =
  'is not an Entra object id; write a GUID (`az ad user show --id NAME --query id`), or "signed-in-user" for the person who deploys.';
export const objectId = z.union([z.guid(noObjectId), z.literal("signed-in-user")], noObjectId);

export const displayName = z
  .string()
  .min(1, "is empty; name the person, group or pipeline.")
  .max(100, "is longer than 100 characters; shorten it.")
  .regex(/^\P{Cc}*$/u, "contains a control character; remove it.");

const deployer = z.strictObject({
  name: displayName.describe("Name of the deployer, for the reader of this file."),
  objectId: objectId.describe(
    "Entra object id of a user or a service principal (groups cannot log in to Vault by token). `signed-in-user` means the person who runs the deployment. Use it only for a demo by one person.",
  ),
  type: z
    .enum(
      ["User", "ServicePrincipal"],
      "is not a type of deployer; write User or ServicePrincipal (a group cannot log in to Vault, name its members).",
    )
    .default("User")
    .describe("Type of principal in Azure's role assignments."),
});

export const principal = z.strictObject({
  name: displayName.describe("Name of the person or group, for the reader of this file."),
  objectId: z
    .guid("is not an Entra object id; write a GUID (`az ad group show --group NAME --query id`).")
    .describe(
      "Entra object id of a user, a group or a service principal. A group can read the recovery keys in Key Vault, but its members cannot log in to Vault as a group. Name the people who will use the keys.",
    ),
  type: z
    .enum(
      ["User", "Group", "ServicePrincipal"],
      "is not a type of principal; write User, Group or ServicePrincipal.",
    )
    .default("User")
    .describe("Type of principal in Azure's role assignments."),
});

export const deployers = z
  .array(deployer)
  .min(
    1,
    "is empty; name at least one person or pipeline, because only deployers can configure Vault after its first boot.",
  )
  .describe(
    "People and pipelines that can deploy the stacks and configure Vault, but cannot read its secrets.",
  );

export const deployerLogin = z
  .strictObject({
    clientId: applicationId.describe("Application (client) id of the app registration."),
    appRole: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/,
        "is not the value of an app role; write 1 to 120 letters, digits and _ . - as in the app registration.",
      )
      .describe("Value of the deployers' app role, such as Vault.Deploy."),
  })
  .optional()
  .describe(
    "A separate app registration for the deployers' login in Vault. With it, Vault refuses their tokens for Azure Resource Manager, which every tool requests.",
  );

export const recoveryKeyReaders = z
  .array(principal)
  .default([])
  .describe(
    "People who can read Vault's recovery keys. A deployer cannot be in this list. If the list is empty, nobody can read them until an owner of the subscription grants the right.",
  );

export type Deployer = z.infer<typeof deployer>;
export type Principal = z.infer<typeof principal>;

/** Rules for deployers, recovery key readers and SSH administrators. */
export function peopleRules(read: Read): Problem[] {
  return [...recoveryKeyReadersAreNotDeployers(read), ...principalsAreNamedOnce(read)];
}

function recoveryKeyReadersAreNotDeployers(read: Read): Problem[] {
  const deployers = new Set(objectIds(read, objectId, "deployers"));
  return objectIds(read, principal.shape.objectId, "recoveryKeyReaders").flatMap((id, index) => {
    if (id === undefined || !deployers.has(id)) return [];
    const name = read(principal.shape.name, "recoveryKeyReaders", index, "name");
    return [
      {
        field: `recoveryKeyReaders[${index}].objectId`,
        sentence: `${excerpt(name ?? id)} is also a deployer, and a person who can change the infrastructure must not have the recovery keys; name another person.`,
      },
    ];
  });
}

function principalsAreNamedOnce(read: Read): Problem[] {
  const lists = [["deployers"], ["recoveryKeyReaders"], ["network", "sshAdministrators"]];
  return lists.flatMap((list) =>
    repeated(objectIds(read, objectId, ...list)).map((index) => ({
      field: `${list.join(".")}[${index}].objectId`,
      sentence: "is already in this list; remove this entry.",
    })),
  );
}

/** Returns the list's object ids in lower case, because Entra ignores case. A malformed id becomes undefined. */
export function objectIds(read: Read, schema: z.ZodType<string>, ...list: string[]): (string | undefined)[] {
  return listAt(read, ...list).map((_, index) => read(schema, ...list, index, "objectId")?.toLowerCase());
}
