const titleWords: Record<string, string> = {
  $schema: "Schema",
  cidr: "CIDR",
  dns: "DNS",
  gb: "(GiB)",
  id: "id",
  mysql: "MySQL",
  os: "OS",
  sku: "SKU",
  ssh: "SSH",
  tls: "TLS",
  ttl: "TTL",
  vm: "VM",
  vms: "VMs",
};

/** Converts `osDiskGb` to "OS disk (GiB)". */
export function title(name: string): string {
  const words = name.split(/(?=[A-Z])/).map((word) => {
    const lowerCase = word.toLowerCase();
    return titleWords[lowerCase] ?? lowerCase;
  });
  const [first = "", ...others] = words;
  return [`${first.charAt(0).toUpperCase()}${first.slice(1)}`, ...others].join(" ");
}
