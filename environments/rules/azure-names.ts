import { z } from "zod";

/** The environment's name. It is part of every resource's name. */
export const environmentName = z
  .string()
  .regex(
    /^[a-z][a-z0-9]{1,9}$/,
    "is not an environment name; use 2 to 10 lower-case letters and digits, starting with a letter, because Key Vault names (24 characters) contain it.",
  );

export const resourceGroupName = z
  .string()
  .regex(
    /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    "is not a resource group name; use 1 to 90 letters, digits and _ ( ) - . with no period at the end.",
  );

/** Application (client) id of an app registration. */
export const applicationId = z.guid(
  "is not an application id; write a GUID (`az ad app list --display-name NAME --query [].appId`).",
);
