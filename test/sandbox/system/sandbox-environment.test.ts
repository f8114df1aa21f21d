import { type Environment, environmentSchema } from "../../../environments/schema";
import { sandboxEnvironment } from "../../../sandbox/system/sandbox-environment";
import { demo, deploymentOf, production } from "../../lib/synthesized/deployments";
import { changed } from "../../synthesis";

const withAddresses = (addressSpace: string, subnets: Environment["network"]["subnets"]): Environment =>
  changed(demo, ({ network }) => Object.assign(network, { addressSpace, subnets }));

describe("sandboxEnvironment", () => {
  it("moves the network to loopback, and keeps the last two octets of each address", () => {
    const { network } = sandboxEnvironment(production, "127.77");
    expect(network.addressSpace).toBe("127.77.0.0/16");
    expect(network.subnets).toEqual({
      vault: "127.77.1.0/24",
      mysql: "127.77.2.0/24",
      webApp: "127.77.3.0/24",
      agents: "127.77.4.0/24",
    });
  });

  it("keeps odd places and sizes", () => {
    const subnets = {
      vault: "172.16.250.0/28",
      mysql: "172.16.250.16/29",
      webApp: "172.16.128.0/18",
      agents: "172.16.0.0/17",
    };
    expect(sandboxEnvironment(withAddresses("172.16.0.0/16", subnets), "127.9").network).toMatchObject({
      addressSpace: "127.9.0.0/16",
      subnets: {
        vault: "127.9.250.0/28",
        mysql: "127.9.250.16/29",
        webApp: "127.9.128.0/18",
        agents: "127.9.0.0/17",
      },
    });
  });

  it("reduces a larger address space to 65 536 addresses", () => {
    const { subnets } = production.network;
    expect(sandboxEnvironment(withAddresses("10.32.0.0/12", subnets), "127.9").network).toMatchObject({
      addressSpace: "127.9.0.0/16",
      subnets: { vault: "127.9.1.0/24", agents: "127.9.4.0/24" },
    });
  });

  it.each([
    [
      "differ only in their first octets",
      { vault: "10.1.0.0/24", mysql: "10.2.0.0/24", webApp: "10.3.0.0/24", agents: "10.4.0.0/24" },
    ],
    [
      "are larger than a sandbox's network",
      { vault: "10.0.0.0/10", mysql: "10.64.0.0/10", webApp: "10.128.0.0/10", agents: "10.192.0.0/10" },
    ],
  ])("gives new addresses to subnets that %s", (_, subnets) => {
    expect(sandboxEnvironment(withAddresses("10.0.0.0/8", subnets), "127.9").network).toMatchObject({
      addressSpace: "127.9.0.0/16",
      subnets: {
        vault: "127.9.1.0/24",
        mysql: "127.9.2.0/24",
        webApp: "127.9.3.0/24",
        agents: "127.9.4.0/24",
      },
    });
  });

  it.each([
    ["demo", demo],
    ["production", production],
  ])("changes nothing else of %s, and leaves a valid environment", (_, environment) => {
    const before = structuredClone(environment);
    const inSandbox = sandboxEnvironment(environment, "127.77");
    expect(environment).toEqual(before);
    expect(changed(inSandbox, ({ network }) => Object.assign(network, before.network))).toEqual(before);
    expect(environmentSchema.parse(inSandbox)).toEqual(inSandbox);
  });

  it.each([
    ["10.20.5.0/28", "127.77.5.0/28"],
    // Two subnets of the file would have the same last octets.
    ["10.21.1.0/28", "127.77.5.0/24"],
  ])("moves the subnet of private endpoints, too: %s", (cidr, moved) => {
    const privately = changed(demo, ({ network }) => {
      network.addressSpace = "10.20.0.0/15";
      network.subnets.privateEndpoints = cidr;
    });
    expect(sandboxEnvironment(privately, "127.77").network.subnets.privateEndpoints).toBe(moved);
  });

  it("names the version of the running Vault, so that the configuration fits the program", () => {
    const inSandbox = sandboxEnvironment(demo, "127.77", "1.21.0+ent");
    expect(inSandbox.vault).toEqual({ ...demo.vault, version: "1.21.0" });
    expect(environmentSchema.parse(inSandbox)).toEqual(inSandbox);
  });

  it("lets the bound CIDRs work on loopback", () => {
    const deployment = deploymentOf(sandboxEnvironment(demo, "127.77"));
    const cidrs = (type: string) =>
      deployment.resources(type).map((role) => role.argument("token_bound_cidrs"));
    expect(cidrs("vault_azure_auth_backend_role")).toEqual([["127.77.4.0/24"]]);
    expect(cidrs("vault_jwt_auth_backend_role")).toEqual([["127.77.3.0/24"]]);
  });

  it("refuses unsupported parts, and names each of them", () => {
    const environment = changed(demo, (edited) => {
      edited.azureCloud = "AzureUSGovernment";
      edited.vault.edition = "enterprise";
      edited.vault.tls = {
        source: "existing",
        keyVault: "kv-ours",
        resourceGroup: "rg-ours",
        certificate: "vault",
      };
    });
    expect(() => sandboxEnvironment(environment, "127.77")).toThrow(
      [
        "The sandbox cannot imitate the environment demo:",
        "  - azureCloud: the stand-in for Azure has the names of AzureCloud only, not those of AzureUSGovernment. Set azureCloud to AzureCloud, and location to one of its regions.",
        "  - vault.edition: Vault Enterprise needs HashiCorp's licence. Set it to community.",
        "  - vault.tls: the certificate vault is in your Key Vault kv-ours, which the sandbox cannot read. Set source to generated.",
      ].join("\n"),
    );
  });

  it.each(["127.0", "127.256", "127.1.5"] as `127.${number}`[])("refuses the network %s", (network) => {
    expect(() => sandboxEnvironment(demo, network)).toThrow(`${network} cannot be a sandbox's network`);
  });
});
