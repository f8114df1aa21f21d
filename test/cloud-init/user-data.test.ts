import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { DATA_DISK_LUN, dataDisk } from "../../cloud-init/vault-server/data-disk";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { itWithProgram } from "../program";
import { programOnPath } from "../program-on-path";
import {
  agentVm,
  nodeOfFive,
  reference,
  vaultEnterpriseServer,
  vaultServer,
  vaultServerWithFront,
} from "./examples";
import { filesOf, run } from "./machine";

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
  {
    machine: "vault-server, NVMe",
    environment: "/etc/vault.d/vault.env",
    userData: vaultServerUserData({ ...vaultEnterpriseServer, diskController: "NVMe" }),
  },
  {
    machine: "vault-server, Enterprise, NVMe, node of five",
    environment: "/etc/vault.d/vault.env",
    userData: vaultServerUserData({ ...vaultEnterpriseServer, ...nodeOfFive, diskController: "NVMe" }),
  },
  {
    machine: "vault-server with a front, node of five",
    environment: "/etc/vault.d/vault.env",
    userData: vaultServerUserData({ ...vaultServerWithFront, ...nodeOfFive }),
  },
  { machine: "agent-vm", environment: "/etc/vault-agent.d/agent.env", userData: agentVmUserData(agentVm) },
];

describe.each(machines)("user data of $machine", ({ environment, userData }) => {
  const { write_files: files, ...config } = readCloudConfig(userData);

  it("leaves room in Azure's 64 KB, compressed as Azure needs it", () => {
    expect(gzipSync(userData).length).toBeLessThan(56 * 1024);
  });

  it("has the same bytes on any machine, with any language, folder or Node", () => {
    const paths = files.filter(({ encoding }) => encoding).map(({ path }) => path);
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

  it("has no text that Terraform would evaluate, except in the environment file", () => {
    const plain = files.filter(({ encoding, path }) => !encoding && path !== environment);
    expect(plain.length).toBeGreaterThan(10);
    expect(plain.filter(({ content }) => /[$%]\{/.test(content)).map(({ path }) => path)).toEqual([]);
  });

  it("has references only in the environment file", () => {
    const file = files.find(({ path }) => path === environment);
    expect(file?.encoding).toBeUndefined();
    expect(file?.content).toContain(reference("certificate"));
    const rest = JSON.stringify([config, files.filter((other) => other !== file)]);
    expect(rest).not.toMatch(/[$%]\{/);
  });

  it("gives Terraform only whole references to evaluate", () => {
    expect(userData.replaceAll(/\$\{data\.terraform_remote_state\.[\w.-]+\}/g, "")).not.toMatch(/[$%]\{/);
  });

  it("makes programs executable, nothing writable by others, and root the owner of everything", () => {
    for (const { path, owner, permissions } of files) {
      const mode = path.startsWith("/usr/local/sbin/") ? "0755" : "0644";
      expect({ path, owner, permissions }).toEqual({ path, owner: "root:root", permissions: mode });
    }
  });

  it("replaces every placeholder", () => {
    for (const file of files) expect(textOf(file)).not.toMatch(/@[A-Z_]+@/);
  });

  it("names no apt repository, no key server, and no version of Ubuntu's packages", () => {
    expect(config["apt"]).toBeUndefined();
    for (const name of config["packages"] as unknown[]) expect(name).toMatch(/^[a-z0-9-]+$/);
    for (const file of files) {
      const text = textOf(file).replaceAll(/^\s*(#|\/\/).*/gm, "");
      expect(`${file.path} ${text}`).not.toMatch(
        /sources\.list|\/etc\/apt\/(?:keyrings|trusted)|keyserver|hkps?:|apt\.releases|nodesource|Origins-Pattern|apt-key|add-apt/i,
      );
    }
  });

  it("installs each program that its units run from a release", () => {
    const texts = files.filter(({ path }) => path.endsWith(".service")).map(textOf);
    const programs = texts.flatMap((text) =>
      [...text.matchAll(/\/usr\/local\/bin\/([\w-]+)/g)].map(([, it]) => it),
    );
    expect(programs.length).toBeGreaterThan(0);
    for (const program of programs) {
      const paths = files.map(({ path }) => path);
      expect(paths).toContain(`/etc/vault-vm/${program}-release.env`);
      expect(paths).toContain(`/etc/systemd/system/${program}-install.service`);
      expect(JSON.stringify(config["runcmd"])).toContain(`"${program}-install.service"`);
    }
  });

  it("enables only units that it contains", () => {
    const enabled = (config["runcmd"] as string[][])
      .filter(([program, verb]) => program === "systemctl" && verb === "enable")
      .flatMap((command) => command.filter((word) => /\.\w+$/.test(word)));
    const brought = files.map(({ path }) => path.replace("/etc/systemd/system/", ""));
    expect(enabled.length).toBeGreaterThan(3);
    expect(brought).toEqual(expect.arrayContaining(enabled));
  });

  itWithProgram("cloud-init", "is readable for cloud-init in its compressed form", () => {
    const program =
      "import sys; from cloudinit.user_data import convert_string\n" +
      "message = convert_string(sys.stdin.buffer.read())\n" +
      "print(message.get_payload(decode=True).decode(), end='')";
    // The Python of cloud-init itself.
    const [, python = ""] =
      /^#!(\S+)/.exec(readFileSync(programOnPath("cloud-init") as string, "utf8")) ?? [];
    const { stdout } = spawnSync(python, ["-c", program], { input: gzipSync(userData), encoding: "utf8" });
    expect(stdout).toBe(userData);
  });

  itWithProgram("cloud-init", "is valid in cloud-init's own schema", () => {
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
  it.each([
    ["SCSI", "scsi1"],
    ["NVMe", "nvme"],
  ] as const)(
    "waits for the data disk, formats and mounts it at its path on %s",
    (diskController, folder) => {
      const files = filesOf(vaultServerUserData({ ...vaultServer, diskController }));
      const path = `/dev/disk/azure/${folder}/lun10`;
      const unit = `dev-disk-azure-${folder}-lun10.device`;
      expect(files.get("/etc/systemd/system/var-lib-vault.mount")).toContain(`\nWhat=${path}\n`);
      const format = files.get("/etc/systemd/system/vault-data-format.service");
      for (const line of [`BindsTo=${unit}`, `After=${unit}`, `DeviceAllow=${path} rw`])
        expect(format).toContain(`\n${line}\n`);
      expect(format).toContain(`DATA_DISK=${path} `);
      const device = files.get(`/etc/systemd/system/${unit}.d/vault.conf`);
      expect(device).toMatch(/^JobTimeoutSec=30min$/m);
      expect(format).toMatch(/^OnFailure=vault-data-missing\.service$/m);
      expect(path.replace(/^\//, "").replaceAll("/", "-")).toBe(unit.replace(/\.device$/, ""));
    },
  );

  it("has a unit that fails with a sentence if the data disk never comes, and only then", () => {
    const path = "/etc/systemd/system/vault-data-missing.service";
    const unit = filesOf(vaultServerUserData(vaultServer)).get(path) ?? "";
    const command = /^ExecStart=\/bin\/sh -c '([^']+)'$/m.exec(unit)?.[1] ?? "";
    const disk = dataDisk("SCSI").path;
    expect(command).toContain(`test -e ${disk} `);
    const missing = run("/bin/sh", ["-c", command.replace(disk, join(tmpdir(), "no-such-disk"))]);
    expect([missing.status, missing.output]).toEqual([
      1,
      expect.stringMatching(/^The data disk did not appear.*Attach/),
    ]);
    expect(missing.output).toContain(`logical unit ${DATA_DISK_LUN}.`);
    expect(run("/bin/sh", ["-c", command.replace(disk, tmpdir())])).toEqual({ status: 0, output: "" });
  });

  it("names an NVMe data disk by its namespace, which Azure counts as the logical unit plus 2", () => {
    const userData = vaultServerUserData({ ...vaultServer, diskController: "NVMe" });
    const rule = filesOf(userData).get("/etc/udev/rules.d/90-vault-data-disk.rules");
    expect(rule).toContain(`ATTRS{nsid}=="${DATA_DISK_LUN + 2}"`);
    expect(rule).toContain(`SYMLINK+="${dataDisk("NVMe").path.replace("/dev/", "")}"`);
    const { runcmd } = readCloudConfig(userData);
    const commands = (runcmd as string[][]).map((words) => words.join(" "));
    const trigger = commands.indexOf("udevadm trigger --subsystem-match=block");
    expect(trigger).toBeGreaterThan(commands.indexOf("udevadm control --reload"));
    expect(commands.at(-1)).toMatch(/^systemctl enable --now/);
  });

  const release = (userData: string) => filesOf(userData).get("/etc/vault-vm/vault-release.env");

  it("names the release archive of the edition, with the checksum of the project's table", () => {
    const version = "2.0.3";
    const vault = { edition: "community", version } as const;
    expect(release(vaultServerUserData({ ...vaultServer, vault }))).toMatchSnapshot();
    const enterprise = { edition: "enterprise", version } as const;
    expect(release(vaultServerUserData({ ...vaultEnterpriseServer, vault: enterprise }))).toMatchSnapshot();
  });

  it("takes the checksum of an unknown version from the environment", () => {
    const vault = { edition: "community", version: "9.9.9" } as const;
    expect(release(vaultServerUserData({ ...vaultServer, vault }))).not.toContain("SHA256=");
    const sha256 = "0".repeat(64);
    expect(release(vaultServerUserData({ ...vaultServer, vault: { ...vault, sha256 } }))).toContain(
      `\nARCHIVE_SHA256=${sha256}\n`,
    );
  });

  it("rejects Enterprise without a licence, and a licence without Enterprise", () => {
    const { licenseSecretUrl: _, ...without } = vaultEnterpriseServer;
    expect(() => vaultServerUserData(without)).toThrow("needs a licence");
    expect(() => vaultServerUserData({ ...vaultServer, licenseSecretUrl: "x" })).toThrow("takes none");
  });

  it("writes the settings that differ between VMs to the environment file", () => {
    const file = readCloudConfig(vaultServerUserData(vaultEnterpriseServer)).write_files.at(-1);
    expect(file?.content).toMatchSnapshot();
  });

  it.each(["a b", 'a"b', "a\nB=c", "a'b", "a\\b", "%{if true}", "${a", "$(id)"])(
    "rejects the value %j",
    (nodeId) => {
      expect(() => vaultServerUserData({ ...vaultServer, nodeId })).toThrow("VAULT_RAFT_NODE_ID");
    },
  );
});

describe("agentVmUserData", () => {
  it("writes the role into the agent's configuration", () => {
    const files = readCloudConfig(agentVmUserData(agentVm)).write_files;
    const configuration = files.find(({ path }) => path === "/etc/vault-agent.d/agent.hcl");
    expect(configuration && textOf(configuration)).toContain('role     = "agent-vm"');
  });

  describe("in the agent's configuration", () => {
    const files = readCloudConfig(agentVmUserData(agentVm)).write_files;
    const file = files.find(({ path }) => path === "/etc/vault-agent.d/agent.hcl");
    const text = file ? textOf(file) : "";

    it("logs in again within half a minute after an outage", () => {
      expect(text.match(/^ *max_backoff = .*$/gm)).toEqual(['    max_backoff = "30s"']);
    });

    it("gives the agent's token only to its user, and the application's credentials only to its group", () => {
      const modes = [...text.matchAll(/^ *(mode|perms|socket_mode) += "?(\d+)"?$/gm)];
      expect(modes.map(([, setting, mode]) => `${setting} ${mode}`)).toEqual([
        "mode 0600",
        "socket_mode 0660",
        "perms 0640",
      ]);
    });

    it("has one listener, a socket", () => {
      expect([...text.matchAll(/^ *address *= *(.*)$/gm)].map(([, address]) => address)).toEqual([
        '"/ramdisk/app/agent.sock"',
      ]);
      expect(text.match(/^listener .*/gm)).toEqual(['listener "unix" {']);
      // Otherwise a web page could send requests to the agent through its visitor's browser.
      expect(text).toMatch(/^ *require_request_header = true$/m);
    });
  });

  it("rejects a role that Terraform knows only later, or that ends its string", () => {
    for (const role of [reference("role"), 'a"b', "a\nb"]) {
      expect(() => agentVmUserData({ ...agentVm, role })).toThrow("@ROLE@");
    }
  });

  it("writes the settings that differ between VMs to the environment file", () => {
    const file = readCloudConfig(agentVmUserData(agentVm)).write_files.at(-1);
    expect(file?.content).toMatchSnapshot();
  });
});

/** The bytes must not depend on the time, so packing the same input a moment later gives the same result. */
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
