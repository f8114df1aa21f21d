import { z } from "zod";
import { duration } from "../duration";
import type { Problem } from "../problem";
import type { Read } from "../read";
import { applicationId } from "./azure-names";
import { roleName } from "./database-roles";
import { atMost, systemLimit, systemMaxTtl } from "./lifetime";
import { entriesDiffer } from "./repeated-entries";
import { databaseRolesOf, entries, workload } from "./workload";

export const webApp = z.strictObject({
  name: workload.name,
  paths: workload.paths,
  databaseRole: roleName.optional().describe("Database role whose credentials it can read."),
  requireLogin: z
    .boolean()
    .default(false)
    .describe("People must sign in with Entra ID before App Service passes a request to the application."),
  login: z
    .strictObject({
      clientId: applicationId.describe(
        "Application (client) id of the app registration that people sign in to.",
      ),
    })
    .optional()
    .describe(
      "The sign-in for `requireLogin`. It needs no client secret, because an identity acts for the application.",
    ),
  tokenTtl: duration.default("768h").describe("Lifetime of its Vault token."),
  tokenNumUses: z
    .int()
    .min(1, "is less than one use; choose 1 or more, or remove it to allow any number.")
    .max(1_000_000, "is more than a million uses; choose less, or remove it to allow any number.")
    .optional()
    .describe(
      "Number of uses of a token. It makes the token a service token, because batch tokens have no counter. Not for a web app with a database role, because its database users end with the token.",
    ),
});

export const webApps = z
  .array(webApp)
  .default([])
  .describe("Workloads on App Service. They log in with `jwt`.");

export type WebAppWorkload = z.infer<typeof webApp>;

/** Rules for workloads on App Service. */
export function webAppRules(read: Read): Problem[] {
  return [
    ...entries(read, "webApps").flatMap((index) => [
      ...tokenEnds(read, index),
      ...entriesDiffer(read, "webApps", index, "paths"),
    ]),
    ...countedTokensHoldNoLease(read),
    ...loginsAreComplete(read),
  ];
}

function tokenEnds(read: Read, index: number): Problem[] {
  const ttl = read(webApp.shape.tokenTtl, "webApps", index, "tokenTtl");
  return atMost(`webApps[${index}].tokenTtl`, ttl, systemMaxTtl, systemLimit);
}

/** A token ends with its last use, and Vault revokes every lease with it. */
function countedTokensHoldNoLease(read: Read): Problem[] {
  return entries(read, "webApps").flatMap((index): Problem[] => {
    const uses = read(webApp.shape.tokenNumUses, "webApps", index, "tokenNumUses");
    const [role] = databaseRolesOf(read, "webApps", index);
    if (uses === undefined || role === undefined) return [];
    return [
      {
        field: `webApps[${index}].tokenNumUses`,
        sentence: `cannot be set for a web app with the database role "${role}": the token ends with its last use, and Vault drops the application's database users. Remove tokenNumUses, and set a shorter tokenTtl.`,
      },
    ];
  });
}

/** An incomplete login would leave the application open to everyone who can reach it. */
function loginsAreComplete(read: Read): Problem[] {
  return entries(read, "webApps").flatMap((index) => {
    const required = read(webApp.shape.requireLogin, "webApps", index, "requireLogin");
    const described = read(z.unknown(), "webApps", index, "login") !== undefined;
    if (required === undefined || required === described) return [];
    return required
      ? [
          {
            field: `webApps[${index}].login`,
            sentence: "is missing, and requireLogin is true; name the app registration's clientId.",
          },
        ]
      : [
          {
            field: `webApps[${index}].login`,
            sentence:
              "has no effect, because requireLogin is not true; set requireLogin to true, or remove login.",
          },
        ];
  });
}
