import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { agentVmUserData } from "../../cloud-init/agent-vm/user-data";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import type { KeyAndCertificate } from "../../sandbox/azure/server/key-and-certificate";
import { createSelfSigned } from "../../sandbox/azure/server/self-signed-certificate";
import { agentVm, vaultServer } from "./examples";
import { VmPrograms } from "./vm-program";

const minute = 60_000;
const until = (milliseconds: number, subject = "CN=vault.demo.internal") =>
  createSelfSigned({ subject, notAfter: new Date(Date.now() + milliseconds), keySize: 2048 });

let vm: VmPrograms;
let fresh: KeyAndCertificate;
let other: KeyAndCertificate;
let expired: KeyAndCertificate;
beforeAll(async () => {
  [fresh, other, expired] = (await Promise.all([until(60 * minute), until(90 * minute), until(-minute)])) as [
    KeyAndCertificate,
    KeyAndCertificate,
    KeyAndCertificate,
  ];
});
afterEach(() => vm.remove());

/** Sets Key Vault's answers by the last part of the URL. Other requests are rejected. */
function keyVaultAnswers(answers: Readonly<Record<string, unknown>>): void {
  for (const [name, answer] of Object.entries(answers)) vm.write(`answers/${name}`, JSON.stringify(answer));
  vm.program("usr/local/sbin/azure-key-vault", `cat "${vm.path("answers")}/\${2##*/}"`);
}

describe("Vault's certificate on its VM", () => {
  const url = "https://kv.vault.azure.net/secrets/vault-tls";
  const take = (pem: string) => {
    keyVaultAnswers({ "vault-tls": { value: pem } });
    const { gid, uid } = userInfo();
    return vm.run("vault-certificate", {
      TLS_CERTIFICATE_SECRET_URL: url,
      TLS_DIRECTORY: vm.path("tls"),
      TLS_OWNER: `${uid}:${gid}`,
    });
  };
  const pemOf = ({ keyPem, certificatePem }: KeyAndCertificate) => `${keyPem}\n${certificatePem}\n`;
  const inUse = () => new X509Certificate(readFileSync(vm.path("tls/current/tls.crt"))).fingerprint256;
  const fingerprint = ({ certificatePem }: KeyAndCertificate) =>
    new X509Certificate(certificatePem).fingerprint256;

  beforeEach(() => {
    vm = new VmPrograms(vaultServerUserData(vaultServer));
  });

  it("is installed with its key, which only its owner can read, and without other files", async () => {
    expect(await take(pemOf(fresh))).toMatchObject({ code: 0 });
    const mode = (path: string) => (statSync(vm.path(path)).mode & 0o777).toString(8);
    expect([mode("tls/current/tls.key"), mode("tls/current/tls.crt")]).toEqual(["400", "444"]);
    expect(readdirSync(vm.path("tls/current"))).toEqual(["tls.crt", "tls.key"]);
    expect(readdirSync(vm.path("tls")).sort()).toEqual(["current", "served", "versions"]);
    expect(inUse()).toBe(fingerprint(fresh));
  });

  it.each<[string, () => string, RegExp]>([
    ["that has expired", () => pemOf(expired), /has expired\. Renew it in Key Vault; the one in use stays/],
    [
      "of another key",
      () => pemOf({ ...other, keyPem: fresh.keyPem }),
      /the first certificate in .* does not belong to the key/,
    ],
    ["without its key", () => other.certificatePem, /contains no unencrypted private key/],
    ["that is missing beside its key", () => other.keyPem, /holds a key but no certificate/],
  ])("%s is rejected, and the current one stays", async (_what, pem, sentence) => {
    await take(pemOf(fresh));
    const { code, said } = await take(pem());
    expect([code, said]).toEqual([1, expect.stringMatching(sentence)]);
    expect(inUse()).toBe(fingerprint(fresh));
    expect(readdirSync(vm.path("tls")).sort()).toEqual(["current", "served", "versions"]);
  });
});

describe("The certificate that Vault Agent trusts", () => {
  const url = "https://kv.vault.azure.net/certificates/vault-tls";
  const cer = ({ certificatePem }: KeyAndCertificate) => ({
    cer: certificatePem.replaceAll(/-----.*-----|\s/g, ""),
  });
  const version = (name: string, created: number, exp: number) => ({
    id: `${url}/${name}`,
    attributes: { enabled: true, created, exp },
  });
  const seconds = (milliseconds: number) => Math.floor((Date.now() + milliseconds) / 1000);
  const follow = () =>
    vm.run("vault-ca-certificate", { VAULT_CERTIFICATE_URL: url, VAULT_CACERT: vm.path("ca.pem") });
  const trusted = () =>
    (readFileSync(vm.path("ca.pem"), "utf8").match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
      (pem) => new X509Certificate(pem).fingerprint256,
    );
  const fingerprints = (...all: KeyAndCertificate[]) =>
    all.map(({ certificatePem }) => new X509Certificate(certificatePem).fingerprint256);

  beforeEach(() => {
    vm = new VmPrograms(agentVmUserData(agentVm));
  });

  it("is the newest and the previous one", async () => {
    vm.write("ca.pem", `${fresh.certificatePem}\n`);
    keyVaultAnswers({ "vault-tls": cer(other) });
    expect(await follow()).toMatchObject({ code: 0 });
    expect(trusted()).toEqual(fingerprints(other, fresh));
  });

  it("is never an expired one, so the current one stays", async () => {
    vm.write("ca.pem", `${fresh.certificatePem}\n`);
    keyVaultAnswers({ "vault-tls": cer(expired) });
    const { code, said } = await follow();
    expect([code, said]).toEqual([1, expect.stringContaining("has expired. Renew it in Key Vault")]);
    expect(trusted()).toEqual(fingerprints(fresh));
  });

  it("does not exist at first if the newest one has expired", async () => {
    keyVaultAnswers({ "vault-tls": cer(expired) });
    expect((await follow()).code).toBe(1);
    expect(existsSync(vm.path("ca.pem"))).toBe(false);
  });

  it("is not the previous one after that has expired", async () => {
    vm.write("ca.pem", `${expired.certificatePem}\n`);
    keyVaultAnswers({ "vault-tls": cer(other) });
    expect(await follow()).toMatchObject({ code: 0 });
    expect(trusted()).toEqual(fingerprints(other));
  });

  it.each<[string, boolean, number]>([
    ["is still valid", true, 30 * minute],
    ["has expired", false, -minute],
  ])("after a reboot is the previous one if it %s", async (_what, isTrusted, life) => {
    const before = await until(life);
    keyVaultAnswers({
      "vault-tls": cer(other),
      versions: {
        value: [
          version("one", seconds(-60 * minute), seconds(life)),
          version("two", seconds(0), seconds(90 * minute)),
        ],
      },
      one: cer(before),
      two: cer(other),
    });
    expect(await follow()).toMatchObject({ code: 0 });
    expect(trusted()).toEqual(isTrusted ? fingerprints(other, before) : fingerprints(other));
  });

  it("is not the previous one if somebody disabled it", async () => {
    const disabled = version("one", seconds(-60 * minute), seconds(30 * minute));
    disabled.attributes.enabled = false;
    keyVaultAnswers({
      "vault-tls": cer(other),
      versions: { value: [disabled, version("two", seconds(0), seconds(90 * minute))] },
      one: cer(fresh),
    });
    expect(await follow()).toMatchObject({ code: 0 });
    expect(trusted()).toEqual(fingerprints(other));
  });
});

describe("A token of the VM's identity", () => {
  let imds: Server;
  let answer: unknown;
  const asked: string[] = [];

  beforeEach(async () => {
    vm = new VmPrograms(vaultServerUserData(vaultServer));
    imds = createServer((request, response) => {
      asked.push(String(request.url));
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    });
    await new Promise<void>((done) => imds.listen(0, "127.0.0.1", done));
  });
  afterEach(() => new Promise((done) => imds.close(done)));

  it.each(['a"\nurl = "http://attacker.example', "a b", "", undefined, "a\\nb", "x; y"])(
    "%j is invalid, and reaches no configuration of curl",
    async (token) => {
      answer = { access_token: token };
      asked.length = 0;
      const { port } = imds.address() as AddressInfo;
      const { gid, uid } = userInfo();
      const { code, said } = await vm.run("vault-certificate", {
        http_proxy: `http://127.0.0.1:${port}`,
        TLS_CERTIFICATE_SECRET_URL: "https://kv.invalid/secrets/vault-tls",
        TLS_DIRECTORY: vm.path("tls"),
        TLS_OWNER: `${uid}:${gid}`,
        KEY_VAULT_WAIT_SECONDS: "1",
      });
      expect([code, said]).toEqual([1, expect.stringContaining("answered 200 without a token")]);
      expect(asked.filter((url) => !url.includes("/metadata/identity/oauth2/token"))).toEqual([]);
    },
  );
});
