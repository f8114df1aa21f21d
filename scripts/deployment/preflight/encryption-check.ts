import { z } from "zod";
import { resourcesOf } from "../../../lib/synthesized/synthesized-folder";
import { type Check, newStacks } from "./check";

const feature = z.object({ properties: z.object({ state: z.string() }) });

/** Checks the subscription's feature for encryption at host, if a new VM asks for it. */
export const checkEncryptionAtHost: Check = async (context) => {
  const asked = newStacks(context)
    .flatMap((stack) => resourcesOf(stack, "azurerm_linux_virtual_machine"))
    .some((machine) => machine["encryption_at_host_enabled"] === true);
  if (!asked) return [];
  const name = ["--namespace", "Microsoft.Compute", "--name", "EncryptionAtHost"];
  const { properties } = await context.az.json(feature, "feature", "show", ...name);
  if (properties.state === "Registered") return [];
  return [
    `encryptionAtHost needs a feature that is not registered in the subscription. Run \`az feature register ${name.join(" ")}\` and wait some minutes, or set it to false.`,
  ];
};
