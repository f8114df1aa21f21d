import "./in-this-process";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { certificateProblem } from "../../../scripts/deployment/vault-certificate";
import { longTests } from "../../long-tests";
import { stackNames } from "../../stack-names";
import { application, DeploymentScene, stateOf } from "./deployment-scene";
import { selfSigned } from "./vault-imitation";

// The tests take seconds on an idle machine. The deadline is for a busy one.
jest.setTimeout(120_000);
const scene = DeploymentScene.use();

describe("scripts/vault-env", () => {
  beforeEach(() => scene.imitations.deployed("vault-server"));

  it("prints address, certificate and token as exports", async () => {
    const { code, stdout, stderr } = await scene.start("vault-env").ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe(`export VAULT_ADDR='${scene.vault.address}'`);
    expect(lines[2]).toBe(`export TERRAFORM_VAULT_AUTH_JWT='${scene.token}'`);
    const [, file = ""] =
      /^export VAULT_CACERT='(.*\/\.cache\/vault-on-azure\/demo\/vault\.pem)'$/.exec(lines[1] ?? "") ?? [];
    expect(readFileSync(file, "utf8")).toBe(scene.vault.certificate);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it("prints the token of the app registration with which deployers log in", async () => {
    scene.loginByApplication(["Vault.Deploy"]);
    const { stdout } = await scene.run("vault-env");
    expect(stdout).toContain(`export TERRAFORM_VAULT_AUTH_JWT='${scene.applicationToken}'`);
    expect(scene.imitations.calls.map(({ args }) => args.join(" "))).toContainEqual(
      expect.stringContaining(`account get-access-token --resource api://${application}`),
    );
  });

  it("quotes its output for eval, so any folder's name is only data", async () => {
    const XDG_CACHE_HOME = join(
      mkdtempSync(join(tmpdir(), "vault-env-")),
      'it\'s $(touch hacked) `here`; "now"',
    );
    mkdirSync(XDG_CACHE_HOME);
    const { stdout } = await scene.run("vault-env", ["demo"], { XDG_CACHE_HOME });
    const shell = await promisify(execFile)(
      "sh",
      ["-c", 'eval "$1"; printf %s "$VAULT_CACERT"', "sh", stdout],
      {
        cwd: XDG_CACHE_HOME,
      },
    );
    expect(shell.stdout).toBe(join(XDG_CACHE_HOME, "vault-on-azure/demo/vault.pem"));
    rmSync(join(XDG_CACHE_HOME, ".."), { recursive: true });
  });

  const certificate = "az/keyvault-certificate-download";

  it("also trusts the previous certificate, which Vault may still serve", async () => {
    const attributes = (created: string) => ({ enabled: true, created, expires: "2099-01-01T00:00:00Z" });
    scene.imitations.answer("az/keyvault-certificate-list-versions", [
      { id: "https://kv/before", attributes: attributes("2026-01-01T00:00:00Z") },
      { id: "https://kv/newest", attributes: attributes("2026-02-01T00:00:00Z") },
      { id: "https://kv/disabled", attributes: { ...attributes("2026-01-15T00:00:00Z"), enabled: false } },
    ]);
    scene.imitations.answer(`${certificate}-before`, scene.vault.certificate);
    const newest = certificateFor("localhost");
    scene.imitations.answer(certificate, newest);
    const { stdout } = await scene.run("vault-env");
    const [, file = ""] = /VAULT_CACERT='(.*)'/.exec(stdout) ?? [];
    expect(readFileSync(file, "utf8")).toBe(`${newest}${scene.vault.certificate}`);
    // The script reaches Vault, which serves the previous certificate.
    scene.imitations.deployed(...stackNames);
    expect((await scene.run("deploy", ["--stack", "vault-config"])).stderr).toContain(
      "lets deployers in … done",
    );
  });

  type Mishap = [what: string, cause: () => void, sentence: RegExp];
  const mishaps: Mishap[] = [
    [
      "no login",
      () => scene.imitations.fail("az/account-show", "ERROR: Please run 'az login'"),
      /Run `az login`/,
    ],
    [
      "a certificate for another name",
      () => scene.imitations.answer(certificate, certificateFor("elsewhere")),
      /is for DNS:elsewhere, not for localhost/,
    ],
    [
      "a Vault that is not deployed",
      () => scene.imitations.answer("state/vault-server", stateOf("vault-server")),
      /vault-server is not deployed.*Run scripts\/deploy first/,
    ],
  ];
  const more: Mishap[] = [
    [
      "a Key Vault that refuses the address",
      () => scene.imitations.fail(certificate, "ERROR: (Forbidden) Client address: 198.51.100.7"),
      /refuses this computer's address 198\.51\.100\.7/,
    ],
    ["an invalid certificate", () => scene.imitations.answer(certificate, "<html>"), /cannot be read/],
    [
      "an unknown environment",
      () => scene.project.environment("demo", { location: 5 }),
      /location: is 5, a number/,
    ],
  ];
  it.each([...mishaps, ...(longTests ? more : [])])(
    "prints only a sentence on stderr for %s",
    async (_, mishap, sentence) => {
      mishap();
      const { code, stdout, stderr } = await scene.run("vault-env");
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(sentence),
      });
    },
  );

  it.each([
    ["expired", 3, /^expired on/],
    ["valid only later", -3, /^is valid from .* Correct this computer's clock/],
  ])("trusts no certificate that is %s", (_, days, problem) => {
    const then = new Date(Date.now() + days * 86_400_000);
    expect(certificateProblem(scene.vault.certificate, "localhost", then)).toMatch(problem);
  });

  it("says in its help how to log in without a token on the command line", async () => {
    const { stdout } = await scene.start("vault-env", ["--help"]).ended;
    expect(stdout).toContain(
      'printf %s "$TERRAFORM_VAULT_AUTH_JWT" | vault write -field=token auth/deployer/login role=deployer jwt=-',
    );
  });
});

/** A certificate, PEM. */
function certificateFor(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "vault-env-"));
  try {
    selfSigned(join(folder, "certificate"), join(folder, "key"), name);
    return readFileSync(join(folder, "certificate"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
