import { VaultRefusal } from "../../../lib/vault-api/vault-client";
import { OlderPolicy, withDeployersPolicy } from "../../../scripts/deployment/older-policy";
import { StackState } from "../../../scripts/deployment/stack-state";
import { TerraformError } from "../../../scripts/deployment/terraform";
import { vaultServerState } from "./vault-server-state";

const demo = { name: "demo", azureCloud: "AzureCloud" } as const;
type Content = ConstructorParameters<typeof StackState>[0];
const state = (policy?: string) =>
  new StackState({ outputs: {}, ...vaultServerState("https://localhost", policy) } as Content);
const refusal = (status: number) =>
  new VaultRefusal({ method: "PUT", path: "sys/x" }, status, ["permission denied"]);
const terraform = (code: number) =>
  new TerraformError("Terraform failed.", `│ Error: error writing sys/x\n│ Code: ${code}. Errors:\n│ * x`);

describe("A refusal of Vault", () => {
  const failing = (error: Error, policy?: string) =>
    withDeployersPolicy(demo, state(policy), () => Promise.reject(error)).catch((caught) => caught);

  it.each([
    ["Vault", refusal(403)],
    ["Terraform", terraform(403)],
  ])("has a cure if Vault's VM has an older policy: of %s", async (_, error) => {
    const problem = await failing(error, "# an older one\n");
    expect(problem).toBeInstanceOf(OlderPolicy);
    expect(problem.message).toBe(
      `${error.message} Vault's VM has the deployers' policy of another version of this project. Run \`scripts/deploy demo --stack vault-server\`, which brings this version's policy, and then the same command again.`,
    );
  });

  it.each([
    ["the VM has this version's policy", refusal(403), undefined],
    ["Vault refuses for another reason", refusal(400), "# an older one\n"],
    ["Terraform fails for another reason", terraform(400), "# an older one\n"],
  ])("stays as it is if %s", async (_, error, policy) => {
    expect(await failing(error, policy)).toBe(error);
  });
});
