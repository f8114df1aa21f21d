import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { itTakesLongWithProgram, itWithProgram } from "../program";
import { machinesWithEveryFile, vaultEnterpriseServer } from "./examples";
import { filesOf, run, unpack } from "./machine";

describe.each(machinesWithEveryFile)("files of $machine", ({ userData }) => {
  let root: string;
  const files = filesOf(userData);
  const programs = [...files.keys()].filter((path) => path.startsWith("/usr/local/sbin/"));
  const shell = [...files].filter(([path]) => programs.includes(path) || path.endsWith(".sh"));

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "machine-"));
    unpack(userData, root);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const shellcheck = (names: readonly string[]) =>
    run("shellcheck", ["--external-sources", ...names.map((name) => join(root, name))]);

  // `npm run check` reads the same programs, in the project's folders.
  itTakesLongWithProgram("shellcheck", "have programs without a finding of shellcheck", () => {
    expect(programs.length).toBeGreaterThanOrEqual(2);
    expect(shellcheck(shell.map(([path]) => path))).toEqual({ status: 0, output: "" });
  });

  itWithProgram("shellcheck", "fail with an unquoted variable", () => {
    writeFileSync(join(root, "bad"), '#!/bin/bash\nrm -rf $1 "$HOME"\n');
    expect(shellcheck(["bad"]).status).not.toBe(0);
  });

  it.each(shell)("%s stops at the first error and reports each problem", (path, text) => {
    if (programs.includes(path)) expect(text).toMatch(/^#!\/bin\/bash\n(#.*\n)+set -euo pipefail\n/);
    expect(text).not.toMatch(/set [+-]?x|set \+e/);
  });

  it.each(shell)(
    "%s never sleeps for a fixed time, except in wait_until, which has a deadline",
    (path, text) => {
      const sleeps = commands(text).filter((line) => /\bsleep\b/.test(line));
      expect(sleeps).toEqual(path.endsWith("/http.sh") ? ['sleep "$pause"'] : []);
    },
  );

  it.each(shell)(
    "%s passes no secret to another program as an argument or in a temporary file",
    (_, text) => {
      expect(leaks(text)).toEqual([]);
    },
  );

  it("install Ubuntu's security updates daily, and reboot for them even if somebody is logged in", () => {
    const text = files.get("/etc/apt/apt.conf.d/52vault-vm") ?? "";
    const settings = Object.fromEntries(
      [...text.matchAll(/^(\S+) "(.*)";$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(settings).toEqual({
      "APT::Periodic::Update-Package-Lists": "1",
      "APT::Periodic::Unattended-Upgrade": "1",
      "Unattended-Upgrade::Automatic-Reboot": "true",
      "Unattended-Upgrade::Automatic-Reboot-WithUsers": "true",
      "Unattended-Upgrade::Automatic-Reboot-Time": expect.stringMatching(/^\d\d:\d\d$/),
      "Unattended-Upgrade::Remove-Unused-Kernel-Packages": "true",
      "Unattended-Upgrade::SyslogEnable": "true",
    });
  });

  it.each(shell)("%s verifies TLS and follows no redirect", (_, text) => {
    expect(commands(text).join("\n")).not.toMatch(
      /--insecure|\bcurl\b.* -\w*k|--location|\bcurl\b.* -\w*L|--proxy-insecure/,
    );
  });

  it("take their paths from the units' environment, so that they run below any root", () => {
    const units = [...files].filter(([path]) => path.endsWith(".service"));
    const given = units.map(([, text]) => text).join("\n") + environmentOf(files);
    for (const [path, text] of shell) {
      for (const [, name] of text.matchAll(/"\$\{([A-Z_]+):\?\}"/g)) {
        expect(`${path} ${given.includes(`${name}=`) ? "is given" : "misses"} ${name}`).toContain("is given");
      }
      const absolute = commands(text)
        .join("\n")
        .matchAll(/(?<![\w.}/:])\/(etc|run|var|usr|ramdisk)\/[\w./-]+/g);
      // Places of the user data's own files. apply-user-data puts APPLY_ROOT before them.
      const isOfUserData = (place: string): boolean =>
        path === "/usr/local/sbin/apply-user-data" &&
        [...files.keys(), "/etc/sysusers.d/"].some((file) => file.startsWith(place));
      expect([...absolute].map(([match]) => match).filter((it) => !isOfUserData(it))).toEqual([]);
    }
  });

  const verify = (folder: string) => {
    const units = readdirSync(folder).filter((name) => !name.endsWith(".d"));
    return run("env", [
      `SYSTEMD_UNIT_PATH=${folder}:`,
      "systemd-analyze",
      "verify",
      "--man=no",
      ...units.map((unit) => join(folder, unit)),
    ]).output;
  };

  /** The units, with their programs below the private root instead of /. */
  const prepareUnits = () => {
    const folder = join(root, "etc/systemd/system");
    for (const program of ["vault", "node"]) executable(join(root, "usr/local/bin"), program);
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!/\.(service|conf)$/.test(name)) continue;
      const file = join(folder, name);
      const text = readFileSync(file, "utf8")
        .replaceAll("/usr/local/sbin/", `${root}/usr/local/sbin/`)
        .replaceAll("/usr/local/bin/", `${root}/usr/local/bin/`);
      writeFileSync(file, text);
    }
    return folder;
  };

  itWithProgram(
    "systemd-analyze",
    "have units that systemd understands, and it rejects a misspelled one",
    () => {
      const folder = prepareUnits();
      expect(verify(folder)).toBe("");
      const certificate = readdirSync(folder).find((name) => name.endsWith("certificate.service")) as string;
      appendFileSync(join(folder, certificate), "\n[Service]\nProtectSytem=strict\n");
      expect(verify(folder)).toContain("ProtectSytem");
    },
  );
});

describe("a server's files", () => {
  const files = filesOf(vaultServerUserData(vaultEnterpriseServer));
  const file = (path: string) => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`${path} is missing`);
    return text;
  };

  it("keep secrets on tmpfs and only the progress of first boot on the disk", () => {
    const unit = file("/etc/systemd/system/vault-first-boot.service");
    expect(unit).toContain("FIRST_BOOT_SESSION=/run/");
    expect(unit).toContain("RuntimeDirectoryMode=0700");
    expect(unit).toContain("FIRST_BOOT_STATE=/var/lib/vault/first-boot");
    expect(file("/etc/systemd/system/vault-certificate.service")).toContain("TLS_DIRECTORY=/run/");
    expect(file("/etc/vault.d/listener.hcl")).toContain('tls_key_file    = "/run/vault-tls/');
  });

  it("make Vault retry for ever while Key Vault is down", () => {
    const unit = file("/etc/systemd/system/vault.service");
    expect(unit).toContain("\nStartLimitIntervalSec=0\n");
    expect(unit).toContain("\nRestart=always\n");
    expect(unit).not.toMatch(/^Requires=/m);
  });

  it("seal with the identity alone, with no client secret and an empty stanza", () => {
    expect(file("/etc/vault.d/vault.hcl")).toContain('\nseal "azurekeyvault" {}\n');
    // The deployers' policy names it to forbid it.
    const text = [...files.values()].join("\n").replace('"client_secret" = [""]', "");
    expect(text).not.toMatch(/AZURE_CLIENT_SECRET|client_secret/);
  });

  it("format a data disk only if it is empty", () => {
    const others = [...files].filter(([path]) => !path.endsWith("/vault-data-format"));
    const text = others.flatMap(([, content]) => commands(content)).join("\n");
    expect(text).not.toMatch(/\bmkfs|\bwipefs|\bparted|\bfdisk|systemd-makefs/);
  });

  it("make Vault listen only on loopback, until first boot changes that", () => {
    const addresses = [...files].flatMap(([path, text]) =>
      path.endsWith(".hcl")
        ? [...text.matchAll(/^\s*(?:cluster_)?address\s*=\s*"(.*)"/gm)].map(([, it]) => it)
        : [],
    );
    expect(addresses).toEqual(["127.0.0.1:8200", "127.0.0.1:8201"]);
  });

  itWithProgram(
    "systemd-analyze",
    "let the unit that formats the disk reach the disk and little else",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "units-"));
      const unit = join(folder, "vault-data-format.service");
      try {
        writeFileSync(unit, file("/etc/systemd/system/vault-data-format.service"));
        // In tenths: 4.0 of 10. The result was 9.5 when systemd-makefs ran without limits.
        const { status, output } = run("systemd-analyze", [
          "security",
          "--offline=true",
          "--threshold=40",
          unit,
        ]);
        expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining("exposure level") });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it("let deployers neither read nor use a secret, nor change their own access", () => {
    const policy = file("/etc/vault.d/deployer-policy.hcl");
    const capabilities = (path: string) =>
      new RegExp(`path "${path.replaceAll("*", "\\*")}" +\\{ capabilities = (.*) \\}`).exec(policy)?.[1];
    for (const path of [
      "database/creds/*",
      "transit/decrypt/*",
      "transit/export/*",
      "transform/decode/*",
      "auth/token/create",
    ]) {
      expect(`${path} ${capabilities(path)}`).toBe(`${path} ["deny"]`);
    }
    for (const path of ["sys/auth/deployer", "sys/policies/acl/*", "sys/mounts/auth/deployer/tune"]) {
      expect(`${path} ${capabilities(path)}`).toBe(`${path} ["read"]`);
    }
    expect(policy).not.toMatch(/path "\*"|path "sys\/(mounts|auth|audit)?\/?\*"|path "\+|root"/);
  });
});

/** Lines of code, without comments and blank lines, with continued lines joined. */
function commands(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/**
 * Lines that could show a secret to others: a header, body or variable among the arguments of an external program, a here-string
 * (bash puts a long one into a file), an exported variable.
 */
function leaks(text: string): string[] {
  return commands(text).filter(
    (line) =>
      /<<</.test(line) ||
      /\bexport\b/.test(line) ||
      /(--header|-H|--user|-u|--oauth2-bearer) +("?\$|.*(Authorization|X-Vault-Token))/.test(line) ||
      /--(data|data-binary|data-raw|json)[ =](?!@-)/.test(line) ||
      // Builtins do not expose their arguments. These names hold secrets or answers with secrets.
      (/\$\{?(token|body|request|answer)\b/.test(line) &&
        !/^(printf|header|\[\[|if |token=|answer=|body=|status=|problem=|retry_after=|local |wait_until|printf|authorization\(\)|errors\(\))/.test(
          line,
        ) &&
        !/< <\(printf '%s' "\$request"\)$/.test(line)),
  );
}

it("recognizes a leak", () => {
  expect(leaks('curl -H "X-Vault-Token: $token" x\n')).toHaveLength(1);
  expect(leaks("curl --data '{}' x\n")).toHaveLength(1);
  expect(leaks('jq --arg key "$body" .\n')).toHaveLength(1);
  expect(leaks('jq . <<<"$x"\n')).toHaveLength(1);
  expect(leaks("export token\n")).toHaveLength(1);
});

function environmentOf(files: Map<string, string>): string {
  return [...files]
    .filter(([path]) => path.endsWith(".env"))
    .map(([, text]) => text)
    .join("\n");
}

function executable(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), 0o755);
}
