import { z } from "zod";
import { resourceGroupName } from "./azure-names";

export const state = z
  .discriminatedUnion(
    "backend",
    [
      z.strictObject({
        backend: z.literal("local").describe("State files in the folder `state/`, for one person."),
      }),
      z.strictObject({
        backend: z
          .literal("azurerm")
          .describe("State in a storage account. Terraform uses an Entra login, never an account key."),
        resourceGroup: resourceGroupName.describe("The storage account's resource group."),
        storageAccount: z
          .string()
          .regex(
            /^[a-z0-9]{3,24}$/,
            "is not a storage account name; use 3 to 24 lower-case letters and digits.",
          )
          .describe("The storage account's name."),
        container: z
          .string()
          .regex(
            /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/,
            "is not a container name; use 3 to 63 lower-case letters, digits and single hyphens.",
          )
          .describe("The blob container's name."),
      }),
    ],
    "is not a backend; set backend to local or azurerm.",
  )
  .prefault({ backend: "local" })
  .describe("The place of Terraform's state.");
