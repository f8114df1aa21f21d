import { readCloudConfig } from "../../cloud-init/cloud-config";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import {
  asksForTokenToRecover,
  DEFAULT_VAULT,
  OLDEST_VAULT,
  openVulnerabilities,
  SUPPORTED_VAULT,
} from "../../cloud-init/vault-server/vault-version";
import { vaultServer, vaultServerWithFront } from "./examples";
import { filesOf } from "./machine";

describe("A version of Vault", () => {
  it.each(["1.21.0", "1.21.14", "2.0.0", "2.2.2", "2.10.0"])("%s is allowed", (version) => {
    expect(version).toMatch(SUPPORTED_VAULT);
  });

  it.each(["1.20.4", "1.22.0", "2.2", "2.02.2", "3.0.0", "v2.2.2", "2.2.2+ent", "2.2.2-rc1", ""])(
    "%j is not allowed",
    (version) => expect(version).not.toMatch(SUPPORTED_VAULT),
  );

  it("lacks the fixes of later versions", () => {
    expect(openVulnerabilities("1.21.4", "community")).toEqual([
      "CVE-2026-5807",
      "CVE-2026-3605",
      "CVE-2026-5051",
      "CVE-2026-12624",
      "CVE-2026-5006",
      "CVE-2026-89322",
      "CVE-2026-105816",
      "CVE-2026-92735",
      "CVE-2026-93333",
      "CVE-2026-93335",
    ]);
    expect(openVulnerabilities("2.0.4", "community")).toEqual([
      "CVE-2026-89322",
      "CVE-2026-105816",
      "CVE-2026-92735",
      "CVE-2026-93333",
      "CVE-2026-93335",
    ]);
    expect(openVulnerabilities("2.10.0", "community")).toEqual([]);
  });

  it("of Enterprise 1.21 has the fixes of its own line", () => {
    expect(openVulnerabilities("1.21.14", "enterprise")).toEqual(["CVE-2026-5807", "CVE-2026-5051"]);
    expect(openVulnerabilities("1.21.11", "enterprise")).toContain("CVE-2026-89322");
    expect(openVulnerabilities("2.0.0", "enterprise")).toContain("CVE-2026-12624");
  });

  it("has every fix if it is the default, and the oldest one is allowed", () => {
    expect(openVulnerabilities(DEFAULT_VAULT, "community")).toEqual([]);
    expect(OLDEST_VAULT).toMatch(SUPPORTED_VAULT);
  });

  it("requires a token for the generation of a root token since 2.0.0", () => {
    expect(["1.21.14", "2.0.0", "2.2.2"].map(asksForTokenToRecover)).toEqual([false, true, true]);
  });

  it.each([
    ["1.21.4", undefined],
    ["2.0.3", undefined],
    ["2.0.4", "true"],
    ["2.2.2", "true"],
  ])("%s denies slashes in templated paths, if it knows the setting: %s", (version, value) => {
    const settings = { ...vaultServer, vault: { ...vaultServer.vault, version } };
    const file = readCloudConfig(vaultServerUserData(settings)).write_files.at(-1);
    expect(/^VAULT_DENY_SLASH_IN_TEMPLATED_PATHS=(.*)$/m.exec(file?.content ?? "")?.[1]).toBe(value);
  });
});

describe("HAProxy in front of Vault", () => {
  const packages = (version: string) =>
    readCloudConfig(vaultServerUserData({ ...vaultServer, vault: { ...vaultServer.vault, version } }))[
      "packages"
    ];
  const files = filesOf(vaultServerUserData(vaultServerWithFront));

  it("uses no regular expression, because its unit forbids the memory that compiling one needs", () => {
    expect(files.get("/etc/vault.d/front.cfg")).toContain("-m dir generate-root");
    expect(files.get("/etc/vault.d/front.cfg")).not.toMatch(/-m reg|_reg\b|regsub/);
    expect(files.get("/etc/systemd/system/haproxy.service")).toContain("MemoryDenyWriteExecute=yes");
  });

  it("rejects every recovery endpoint, replaces the address that a client claims, and talks only to its own Vault", () => {
    const front = files.get("/etc/vault.d/front.cfg") ?? "";
    const rejected = /return status 403 .*-m dir ([a-z- ]+) \}$/m.exec(front)?.[1]?.split(" ");
    expect(rejected).toEqual([
      "generate-root",
      "generate-operation-token",
      "generate-recovery-token",
      "rekey",
      "rekey-recovery-key",
    ]);
    expect(front.match(/^.*X-Forwarded-For.*$/gm)).toEqual([
      "  http-request set-header X-Forwarded-For %[src]",
    ]);
    expect(front.match(/^ *server .*$/gm)).toEqual([
      "  server vault 127.0.0.1:8200 ssl verify required ca-file /run/vault-front/current/tls.crt",
    ]);
  });

  it("is installed only for a Vault before 2.0", () => {
    expect(
      ["1.21.4", "2.0.0"].map((version) => JSON.stringify(packages(version)).includes("haproxy")),
    ).toEqual([true, false]);
    expect(
      [...filesOf(vaultServerUserData(vaultServer)).keys()].filter((path) => /front|haproxy/.test(path)),
    ).toEqual([]);
  });

  it("leaves Vault itself on loopback, before and after first boot is complete", () => {
    for (const unit of ["vault", "vault-first-boot"]) {
      const dropIn = files.get(`/etc/systemd/system/${unit}.service.d/front.conf`);
      expect(dropIn).toContain("PUBLIC_ADDRESSES=127.0.0.1 ");
      expect(dropIn).toContain("VAULT_LISTENER_TEMPLATE=/etc/vault.d/front-listener.hcl");
    }
    expect(files.get("/etc/vault.d/front-listener.hcl")).toMatch(/^ {2}address +. "127\.0\.0\.1:8200"$/m);
  });

  it("starts only when first boot is complete", () => {
    expect(files.get("/etc/systemd/system/haproxy.service")).toContain(
      "ExecCondition=/usr/bin/grep --quiet --line-regexp complete /var/lib/vault/first-boot\n",
    );
  });
});

describe("Vault's configuration, for any version,", () => {
  const texts = ["1.21.4", DEFAULT_VAULT].flatMap((version) => [
    ...filesOf(vaultServerUserData({ ...vaultServer, vault: { ...vaultServer.vault, version } })),
  ]);

  it("never opens the recovery endpoints to requests without a token", () => {
    expect(texts.filter(([, text]) => /enable_unauthenticated_access/i.test(text))).toEqual([]);
  });

  it("says whether memory is locked, as Raft requires", () => {
    const configuration = texts.filter(([path]) => path === "/etc/vault.d/vault.hcl");
    expect(configuration.length).toBe(2);
    for (const [, text] of configuration) expect(text.match(/^disable_mlock\s*=/gm)).toHaveLength(1);
  });

  it("has policies that match as in 2.x: lower case, clean paths, no identity templates, each path once", () => {
    const policies = texts.filter(([path]) => path.endsWith("-policy.hcl"));
    expect(policies.length).toBeGreaterThan(1);
    for (const [file, text] of policies) {
      const paths = [...text.matchAll(/^path "([^"]*)"/gm)].map(([, path = ""]) => path);
      expect(paths.length).toBeGreaterThan(3);
      expect({
        file,
        paths: paths.filter((path) => !/^(?:(?:[a-z0-9-]+|\+)\/)*(?:[a-z0-9-]+|\+|[a-z0-9-]*\*)$/.test(path)),
      }).toEqual({ file, paths: [] });
      expect(new Set(paths).size).toBe(paths.length);
    }
  });
});
