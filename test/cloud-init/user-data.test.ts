import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { itWithProgram } from "../program";
import { agentVm, reference, vaultEnterpriseServer, vaultServer } from "./examples";
import { run } from "./machine";

const machines = [
  {
    machine: "vault-server",
    environment: "/etc/vault.d/vault.env",
    userData: vaultServerUserData(vaultServer),
  },
  {
    machine: "vault-server, Enterprise",
    environment: "/etc/vault.d/vault.env",
    userData: vaultServerUserData(vaultEnterpriseServer),
  },
  { machine: "agent-vm", environment: "/etc/vault-agent.d/agent.env", userData: agentVmUserData(agentVm) },
];

describe.each(machines)("user data of $machine", ({ environment, userData }) => {
  const { write_files: files, ...config } = readCloudConfig(userData);

  it("fits into Azure's 64 KB, in base64 as Azure wants it", () => {
    expect(Buffer.from(userData).toString("base64").length).toBeLessThan(64 * 1024);
  });

  it("has the same bytes on any machine, whatever its language, folder or Node", () => {
    const paths = files.slice(0, -1).map(({ path }) => path);
    expect(paths).toEqual([...paths].sort());
    expect(userData).not.toContain(process.cwd());
    for (const { encoding, content } of files.filter((file) => file.encoding)) {
      const header = Buffer.from(content, "base64").subarray(0, 10);
      // Gzip's header: magic, deflate, no flags, no time, best compression, "Unix" on every system.
      expect({ encoding, header: header.toString("hex") }).toEqual({
        encoding: "gz+b64",
        header: "1f8b0800000000000203",
      });
    }
  });

  it("carries references in the environment file alone", () => {
    const file = files.find(({ path }) => path === environment);
    expect(file?.encoding).toBeUndefined();
    expect(file?.content).toContain(reference("certificate"));
    const rest = JSON.stringify([config, files.filter((other) => other !== file)]);
    expect(rest).not.toMatch(/[$%]\{/);
  });

  it("gives Terraform nothing to evaluate but whole references", () => {
    expect(userData.replaceAll(/\$\{data\.terraform_remote_state\.[\w.-]+\}/g, "")).not.toMatch(/[$%]\{/);
  });

  it("makes programs executable, nothing writable by others, everything root's", () => {
    for (const { path, owner, permissions } of files) {
      const mode = path.startsWith("/usr/local/sbin/") ? "0755" : "0644";
      expect({ path, owner, permissions }).toEqual({ path, owner: "root:root", permissions: mode });
    }
  });

  it("leaves no placeholder open", () => {
    for (const file of files) expect(textOf(file)).not.toMatch(/@[A-Z_]+@/);
  });

  it("enables only units that it brings, or that the package brings", () => {
    const enabled = (config["runcmd"] as string[][])
      .filter(([program, verb]) => program === "systemctl" && verb === "enable")
      .flatMap((command) => command.filter((word) => /\.\w+$/.test(word)));
    const brought = files.map(({ path }) => path.replace("/etc/systemd/system/", ""));
    expect(enabled.length).toBeGreaterThan(3);
    expect([...brought, "vault.service"]).toEqual(expect.arrayContaining(enabled));
  });

  itWithProgram("cloud-init", "is valid by cloud-init's own schema", () => {
    const folder = mkdtempSync(join(tmpdir(), "user-data-"));
    try {
      const file = join(folder, "user-data");
      writeFileSync(file, userData);
      expect(run("cloud-init", ["schema", "--config-file", file])).toEqual({
        status: 0,
        output: expect.stringContaining("Valid cloud-config"),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("vaultServerUserData", () => {
  const packages = (userData: string) => readCloudConfig(userData)["packages"];

  it("installs the pinned package of the edition and holds it", () => {
    const community = vaultServerUserData(vaultServer);
    const enterprise = vaultServerUserData(vaultEnterpriseServer);
    expect(packages(community)).toContainEqual(["vault", "2.2.2-1"]);
    expect(packages(enterprise)).toContainEqual(["vault-enterprise", "2.2.2+ent-1"]);
    expect(readCloudConfig(community)["runcmd"]).toContainEqual(["apt-mark", "hold", "vault"]);
    expect(readCloudConfig(enterprise)["runcmd"]).toContainEqual(["apt-mark", "hold", "vault-enterprise"]);
  });

  it("trusts HashiCorp's key by its whole fingerprint, for HashiCorp's repository alone", () => {
    expect(readCloudConfig(vaultServerUserData(vaultServer))["apt"]).toEqual({
      sources: {
        hashicorp: {
          source: expect.stringContaining("[signed-by=$KEY_FILE] https://"),
          keyid: expect.stringMatching(/^[0-9A-F]{40}$/),
          keyserver: expect.stringMatching(/^hkps:/),
        },
      },
    });
  });

  it("refuses Enterprise without a licence, and a licence without Enterprise", () => {
    const { licenseSecretUrl: _, ...without } = vaultEnterpriseServer;
    expect(() => vaultServerUserData(without)).toThrow("needs a licence");
    expect(() => vaultServerUserData({ ...vaultServer, licenseSecretUrl: "x" })).toThrow("takes none");
  });

  it("writes what differs from VM to VM to the environment file", () => {
    const file = readCloudConfig(vaultServerUserData(vaultEnterpriseServer)).write_files.at(-1);
    expect(file?.content).toMatchSnapshot();
  });

  it.each(["a b", 'a"b', "a\nB=c", "a'b", "a\\b", "%{if true}", "${a", "$(id)"])(
    "refuses the value %j",
    (nodeId) => {
      expect(() => vaultServerUserData({ ...vaultServer, nodeId })).toThrow("VAULT_RAFT_NODE_ID");
    },
  );
});

describe("agentVmUserData", () => {
  it("bakes the role into the agent's configuration", () => {
    const files = readCloudConfig(agentVmUserData(agentVm)).write_files;
    const configuration = files.find(({ path }) => path === "/etc/vault-agent.d/agent.hcl");
    expect(configuration && textOf(configuration)).toContain('role     = "agent-vm"');
  });

  it("refuses a role that is known only later, or that ends its string", () => {
    for (const role of [reference("role"), 'a"b', "a\nb"]) {
      expect(() => agentVmUserData({ ...agentVm, role })).toThrow("@ROLE@");
    }
  });

  it("writes what differs from VM to VM to the environment file", () => {
    const file = readCloudConfig(agentVmUserData(agentVm)).write_files.at(-1);
    expect(file?.content).toMatchSnapshot();
  });
});

/** The same input in the same process must not tell the time: a second pack a moment later is the same. */
it("packs the same bytes twice", () => {
  const digest = () => createHash("sha256").update(vaultServerUserData(vaultServer)).digest("hex");
  const first = digest();
  jest.useFakeTimers({ now: new Date("2040-01-01") });
  try {
    expect(digest()).toBe(first);
  } finally {
    jest.useRealTimers();
  }
});
