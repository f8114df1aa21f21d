import { ubuntuImages } from "../../../constructs/azure/linux-vm";
import { MYSQL_IMAGE } from "../../../lib/releases/mysql-image";
import type { Fact } from "../fact";
import { documentedVersion } from "../judges/announcement";
import { vmImage } from "../judges/azure";
import { endOfLife, lineOf } from "../judges/end-of-life";
import { inEnvironments, workflowRunners } from "../project";

export function images(): Fact[] {
  const usedIn = ["constructs/azure/linux-vm.ts"];
  const mysql = MYSQL_IMAGE.split(":")[1] ?? "";
  const [current, newer] = [ubuntuImages["24.04"], ubuntuImages["26.04"]];
  return [
    vmImage(current, usedIn),
    // The list behind `az vm create --image` has one image a distribution.
    documentedVersion(
      { name: `VM image ${newer.offer}`, value: newer.offer, usedIn },
      {
        page: "https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/",
        words: "Canonical",
        cure: `Correct or remove the image in ${usedIn[0]} (az vm image list --all --publisher Canonical).`,
      },
    ),
    ...Object.keys(ubuntuImages).map((ubuntu) =>
      endOfLife(
        { name: `Ubuntu ${ubuntu} of the VMs: end of life`, value: ubuntu, usedIn },
        { product: "ubuntu", line: ubuntu, cure: "Move the VMs to a newer LTS image (ubuntu)." },
      ),
    ),
    ...workflowRunners().map(({ value, usedIn }) =>
      endOfLife(
        { name: "Ubuntu of the runners: end of life", value, usedIn },
        { product: "ubuntu", line: value, cure: "Name a newer runner in the workflows." },
      ),
    ),
    endOfLife(
      {
        name: "MySQL of the sandbox: end of life",
        value: MYSQL_IMAGE,
        usedIn: ["lib/releases/mysql-image.ts"],
      },
      {
        product: "mysql",
        line: lineOf(mysql),
        cure: "Name a newer image in lib/releases/mysql-image.ts.",
      },
    ),
    ...inEnvironments(({ mysql }) => [mysql.version]).map(({ value, usedIn }) =>
      endOfLife(
        { name: `MySQL ${value} of the environments: end of life`, value, usedIn },
        {
          product: "mysql",
          line: lineOf(value),
          cure: "Raise mysql.version; docs/environments.md says how.",
        },
      ),
    ),
  ];
}
