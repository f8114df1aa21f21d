// A separate process for azure.test.ts, which tests that the process ends.
import http from "node:http";
import { startAzure } from "../../../sandbox/azure/azure";
import { world } from "./example-world";

async function main(): Promise<void> {
  const azure = await startAzure(world);
  const proxy = new URL(azure.proxyUrlFor("vm-vault"));
  const arrived = new Promise<void>((resolve) => {
    azure.faults.add({
      when: () => {
        resolve();
        return true;
      },
      answer: { delayMs: 600_000 },
    });
  });
  const path = "http://169.254.169.254/metadata/instance?api-version=2021-02-01";
  http
    .get({ host: proxy.hostname, port: proxy.port, path, headers: { Metadata: "true" } })
    .on("error", () => {});
  await arrived;
  await azure.stop();
  process.stdout.write("stopped\n");
}

void main();
