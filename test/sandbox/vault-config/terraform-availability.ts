// A separate process for programs.ts. It prints whether Terraform and the Vault provider exist.
import { terraformAvailability } from "../../../sandbox/vault-config/terraform-applier";

void terraformAvailability().then((answer) => {
  process.stdout.write(JSON.stringify(answer), () => process.exit());
});
