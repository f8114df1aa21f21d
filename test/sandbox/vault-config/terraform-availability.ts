// A process of its own for programs.ts: prints whether Terraform and the Vault provider are there.
import { terraformAvailability } from "../../../sandbox/vault-config/terraform-applier";

void terraformAvailability().then((answer) => {
  process.stdout.write(JSON.stringify(answer), () => process.exit());
});
