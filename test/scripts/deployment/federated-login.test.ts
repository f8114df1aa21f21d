import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AzureCli } from "../../../scripts/deployment/azure-cli";

/** Imitates az after a federated login. When the assertion has expired, az gets no token for another resource. */
const az = `#!/bin/bash
cd "$AZ_STAND_IN"
echo "$*" >>calls
case $1 in
  login)
    while [[ $1 != --federated-token ]]; do shift; done
    echo "\${2#@}" >file
    cat "\${2#@}" >login ;;
  account) if [[ $2 == get-access-token ]]; then
      if [[ ! -e login || -e "ended-$(<login)" ]]; then
        echo "ERROR: AADSTS700024: Client assertion is not within its valid time range." >&2
        exit 1
      fi
      echo '{"accessToken": "a-token"}'
    fi ;;
esac
`;

const folder = mkdtempSync(join(tmpdir(), "federated-login-"));
const before = { ...process.env };
const asked: IncomingMessage[] = [];
let refuses = false;
/** Imitates GitHub's endpoint, which issues another assertion each time. */
const github = createServer((request, response) => {
  asked.push(request);
  response.statusCode = refuses ? 403 : 200;
  response.end(JSON.stringify(refuses ? { message: "no" } : { value: `assertion-${asked.length}` }));
});

const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const logins = () => calls().filter((call) => call.startsWith("login"));
const token = (cli: AzureCli) =>
  cli.json(
    z.object({ accessToken: z.string() }),
    "account",
    "get-access-token",
    "--resource",
    "https://vault.azure.net",
  );
let now = Date.now();
/** Lets time pass, so that the assertion of the last login expires. */
const later = (minutes: number) => {
  now += minutes * 60_000;
  writeFileSync(join(folder, `ended-${readFileSync(join(folder, "login"), "utf8")}`), "");
};

beforeAll(async () => {
  await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
});
beforeEach(() => {
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  writeFileSync(join(folder, "az"), az);
  chmodSync(join(folder, "az"), 0o755);
  asked.length = 0;
  refuses = false;
  Object.assign(process.env, {
    PATH: `${folder}:${before.PATH}`,
    AZ_STAND_IN: folder,
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of-the-job",
    ARM_USE_OIDC: "true",
    ARM_CLIENT_ID: "client",
    ARM_TENANT_ID: "tenant",
    ARM_SUBSCRIPTION_ID: "subscription",
  });
  jest.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(() => {
  process.env = { ...before };
  jest.restoreAllMocks();
});
afterAll(() => {
  github.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("az in a job of GitHub Actions", () => {
  it("gets a new token at any time of the job", async () => {
    const cli = new AzureCli("AzureCloud");
    for (const _ of [1, 2, 3]) {
      expect(await token(cli)).toEqual({ accessToken: "a-token" });
      later(6);
    }
    expect(logins()).toHaveLength(3);
    expect(calls().filter((call) => call.startsWith("account set --subscription subscription"))).toHaveLength(
      3,
    );
  });

  it("is also logged in before Terraform calls it", async () => {
    const cli = new AzureCli("AzureCloud");
    await token(cli);
    later(6);
    await cli.renewLogin();
    expect(readFileSync(join(folder, "login"), "utf8")).toBe("assertion-2");
  });

  it("logs in once for simultaneous calls, and not again within three minutes", async () => {
    const cli = new AzureCli("AzureCloud");
    await Promise.all([token(cli), token(cli), token(cli)]);
    now += 2 * 60_000;
    await token(cli);
    expect(logins()).toHaveLength(1);
  });

  it("sends GitHub the job's token, and names the audience of Entra's federation", async () => {
    await token(new AzureCli("AzureCloud"));
    const [{ url, headers } = { url: "", headers: {} }] = asked;
    expect(url).toBe("/token?api-version=2&audience=api%3A%2F%2FAzureADTokenExchange");
    expect(headers).toMatchObject({ authorization: "Bearer of-the-job" });
  });

  it("puts the assertion into no argument, and leaves no file with it", async () => {
    await token(new AzureCli("AzureCloud"));
    expect(calls().join()).not.toMatch(/assertion-\d|of-the-job/);
    expect(logins()[0]).toMatch(
      /^login --service-principal --username client --tenant tenant --federated-token @/,
    );
    expect(existsSync(readFileSync(join(folder, "file"), "utf8").trim())).toBe(false);
  });

  it("logs in to the environment's cloud", async () => {
    await token(new AzureCli("AzureUSGovernment"));
    expect(calls().slice(0, 2)).toEqual([
      "cloud set --name AzureUSGovernment --only-show-errors",
      expect.stringMatching(/^login /),
    ]);
  });

  it("says what is missing if GitHub issues no assertion", async () => {
    refuses = true;
    await expect(token(new AzureCli("AzureCloud"))).rejects.toThrow(
      "Check that the job has `id-token: write`",
    );
  });
});

it("does not change a person's login", async () => {
  delete process.env.ACTIONS_ID_TOKEN_REQUEST_URL;
  writeFileSync(join(folder, "login"), "by-a-person");
  await token(new AzureCli("AzureCloud"));
  expect(logins()).toEqual([]);
});
