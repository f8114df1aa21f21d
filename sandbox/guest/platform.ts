import type { DiskFile } from "./disk-files";

export interface PlatformOptions {
  readonly hostname: string;
  readonly userData: string;
  /** The guest's own address with the subnet's prefix, as in 10.20.0.4/27. */
  readonly address: string;
  /** Address of this machine's loopback, as seen from the guest. */
  readonly gateway: string;
  /** Certificate authorities that the guest trusts in addition, PEM. */
  readonly caPem: string;
  /** The image's certificate bundle. */
  readonly trustedPem: string;
  /** Ports of this machine's loopback, by each `address:port` that the guest can reach. */
  readonly forwards: Readonly<Record<string, number>>;
  /** Addresses of other guests, which are on eth1. */
  readonly neighbours: readonly string[];
  /** Names with their addresses, in place of DNS. */
  readonly names: Readonly<Record<string, string>>;
}

const TRUSTED = "/etc/ssl/certs/ca-certificates.crt";

/**
 * The files that replace Azure, its image and its network for a VM: cloud-init's data source, the address, names,
 * 169.254.169.254, trusted authorities. None of them comes from the user data.
 */
export function platformFiles(options: PlatformOptions): DiskFile[] {
  const { hostname, userData, address, caPem, trustedPem } = options;
  return [
    { path: "/var/lib/cloud/seed/nocloud/user-data", content: userData, mode: 0o600 },
    {
      path: "/var/lib/cloud/seed/nocloud/meta-data",
      content: `instance-id: ${hostname}\nlocal-hostname: ${hostname}\n`,
    },
    {
      path: "/var/lib/cloud/seed/nocloud/network-config",
      content: `version: 2\nethernets:\n  eth0:\n    addresses: [${address}]\n`,
    },
    { path: TRUSTED, content: `${trustedPem}\n${caPem}` },
    {
      // Node.js has its own list of authorities.
      path: "/etc/systemd/system.conf.d/azure.conf",
      content: `[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=${TRUSTED}\n`,
    },
    { path: "/etc/hosts", content: hosts(options) },
    ...azureInterface(options),
    ...ethernet(options),
    ...Object.entries(options.forwards).flatMap(([listener, port], index) =>
      forward(`azure-${index + 1}`, listener, `${options.gateway}:${port}`),
    ),
  ];
}

function hosts({ hostname, names }: PlatformOptions): string {
  const lines = Object.entries(names).map(([name, address]) => `${address} ${name}`);
  return ["127.0.0.1 localhost", `127.0.1.1 ${hostname}`, ...lines, ""].join("\n");
}

/** An interface with the forwards' addresses, so that packets to them never leave the guest. */
function azureInterface({ forwards }: PlatformOptions): DiskFile[] {
  const all = Object.keys(forwards).map((listener) => listener.replace(/:\d+$/, ""));
  const addresses = new Set(all.filter((address) => !address.startsWith("127.")));
  return [
    { path: "/etc/systemd/network/05-azure.netdev", content: "[NetDev]\nName=azure0\nKind=dummy\n" },
    {
      path: "/etc/systemd/network/05-azure.network",
      content: `[Match]\nName=azure0\n\n[Network]\n${[...addresses].map((it) => `Address=${it}/32\n`).join("")}`,
    },
  ];
}

/** Routes to the neighbours. The guest's own address stays on eth0, and it answers for it on both. */
function ethernet({ neighbours }: PlatformOptions): DiskFile[] {
  if (neighbours.length === 0) return [];
  const routes = neighbours.map((it) => `[Route]\nDestination=${it}/32\nScope=link\n`);
  return [
    {
      path: "/etc/systemd/network/05-neighbours.network",
      content: `[Match]\nName=eth1\n\n[Network]\nLinkLocalAddressing=no\n\n${routes.join("\n")}`,
    },
  ];
}

/** A socket in the guest that forwards to this machine. */
function forward(name: string, listener: string, target: string): DiskFile[] {
  const units = "/etc/systemd/system";
  return [
    {
      path: `${units}/${name}.socket`,
      content: `[Socket]\nListenStream=${listener}\nFreeBind=yes\n\n[Install]\nWantedBy=sockets.target\n`,
    },
    {
      path: `${units}/${name}.service`,
      content: `[Service]\nExecStart=/usr/lib/systemd/systemd-socket-proxyd --connections-max=1024 ${target}\n`,
    },
    { path: `${units}/sockets.target.wants/${name}.socket`, link: `${units}/${name}.socket` },
  ];
}
