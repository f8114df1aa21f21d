import { overlap } from "../../environments/addresses";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { numberOf } from "../../lib/processes/version";
import { cloudProblems } from "./public-cloud";

/** The first two octets of a sandbox's addresses. Each sandbox has its own number. 127.0 belongs to localhost. */
export type LoopbackNetwork = `127.${number}`;

/**
 * Returns the environment as the sandbox deploys it: with networks on loopback, and with the version of the running Vault, so that the configuration
 * fits. Nothing else changes. Every address of 127.0.0.0/8 can be a host, so the CIDRs to which Vault binds tokens
 * really work.
 * @throws UserError with each part of the environment that the sandbox does not support
 */
export function sandboxEnvironment(
  environment: Environment,
  network: LoopbackNetwork,
  vaultVersion = environment.vault.version,
): Environment {
  const problems = inimitable(environment);
  if (problems.length > 0) {
    throw new UserError(
      `The sandbox cannot imitate the environment ${environment.name}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
  }
  return {
    ...environment,
    vault: { ...environment.vault, version: numberOf(vaultVersion) },
    network: { ...environment.network, ...onLoopback(environment.network, network) },
  };
}

function inimitable(environment: Environment): string[] {
  const { vault } = environment;
  return [
    ...cloudProblems(environment),
    ...(vault.edition === "enterprise"
      ? ["vault.edition: Vault Enterprise needs HashiCorp's licence. Set it to community."]
      : []),
    ...(vault.tls.source === "existing"
      ? [
          `vault.tls: the certificate ${vault.tls.certificate} is in your Key Vault ${vault.tls.keyVault}, which the sandbox cannot read. Set source to generated.`,
        ]
      : []),
  ];
}

type Addresses = Pick<Environment["network"], "addressSpace" | "subnets">;

function onLoopback({ addressSpace, subnets }: Addresses, network: LoopbackNetwork): Addresses {
  const number = Number(network.slice("127.".length));
  if (!Number.isInteger(number) || number < 1 || number > 255) {
    throw new RangeError(`${network} cannot be a sandbox's network. Choose one from 127.1 to 127.255.`);
  }
  const moved = {
    vault: moveCidr(subnets.vault, network),
    mysql: moveCidr(subnets.mysql, network),
    webApp: moveCidr(subnets.webApp, network),
    agents: moveCidr(subnets.agents, network),
    ...(subnets.privateEndpoints && { privateEndpoints: moveCidr(subnets.privateEndpoints, network) }),
  };
  return areApart(Object.values(moved))
    ? { addressSpace: moveCidr(addressSpace, network), subnets: moved }
    : newAddresses(network, subnets.privateEndpoints !== undefined);
}

/** Keeps the last two octets, and the size up to 65 536 addresses. */
function moveCidr(cidr: string, network: LoopbackNetwork): string {
  const [address = "", prefix] = cidr.split("/");
  return `${network}.${address.split(".").slice(2).join(".")}/${Math.max(16, Number(prefix))}`;
}

function areApart(cidrs: string[]): boolean {
  return cidrs.every((cidr, index) => !cidrs.slice(index + 1).some((other) => overlap(cidr, other)));
}

/** The addresses for environments whose subnets differ only in the first two octets, or leave no room in the others. */
function newAddresses(network: LoopbackNetwork, hasPrivateEndpoints: boolean): Addresses {
  return {
    addressSpace: `${network}.0.0/16`,
    subnets: {
      vault: `${network}.1.0/24`,
      mysql: `${network}.2.0/24`,
      webApp: `${network}.3.0/24`,
      agents: `${network}.4.0/24`,
      ...(hasPrivateEndpoints && { privateEndpoints: `${network}.5.0/24` }),
    },
  };
}
