import { loadEnvironment } from "../../../environments/load";
import { applications } from "../../../sandbox/system/smoke-test";
import { agentWorkloads, webAppWorkloads } from "../../../sandbox/system/workloads";

it("The smoke test knows every workload, and the missing rights of each workload that it leaves out", () => {
  const environment = loadEnvironment("production");
  const urls = Object.fromEntries(
    environment.webApps.map(({ name }) => [name, `https://app-${name}.example.net`]),
  );
  const found = applications({
    environment,
    webAppWorkloads: () => webAppWorkloads(urls),
    agentWorkloads: () => agentWorkloads(environment),
    webApps: new Map(),
    agents: new Map(),
  });
  const workloads = [
    ...environment.webApps.map(({ name }) => name),
    ...agentWorkloads(environment).map(({ name }) => name),
  ];
  expect(found.map(({ name }) => name)).toEqual(workloads);
  const needed = [
    "transit/encrypt/customer-key",
    "transit/decrypt/customer-key",
    "transit/hmac/customer-key",
  ];
  const leftOut = found.filter(({ missing }) => missing.length > 0);
  expect(leftOut.map(({ name, missing }) => [name, missing])).toEqual([
    ["archive", ["a databaseRole", ...needed]],
    ["reports-1", needed],
  ]);
});
