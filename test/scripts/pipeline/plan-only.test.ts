import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { planDigest } from "../../../scripts/plan-summary/plan-digest";
import { planOnly } from "../../../scripts/plan-summary/plan-only";
import { sharedSystem } from "../../synthesis";

jest.setTimeout(120_000);

describe("planOnly", () => {
  const stacks = [...sharedSystem(loadEnvironment("production"))];

  it("removes the secrets that a plan opens from every stack, and every reference to them", () => {
    const before = stacks.filter(([, { json }]) =>
      JSON.stringify(json).includes("ephemeral.azurerm_key_vault_secret"),
    );
    expect(before.map(([name]) => name)).toEqual(["mysql", "vault-config"]);
    for (const [, { json }] of stacks) {
      const text = JSON.stringify(planOnly(json));
      expect(text).not.toMatch(
        /ephemeral\.azurerm_key_vault_secret|"ephemeral":\{"azurerm_key_vault_secret"/,
      );
    }
  });

  it("changes nothing else but the write-only arguments that take the secret", () => {
    for (const [name, { json }] of stacks) {
      const { ephemeral: _, ...before } = json;
      const { ephemeral: __, ...after } = planOnly(json);
      const changed = differences(before, after);
      expect(changed.filter((path) => !/_wo$/.test(path))).toEqual([]);
      expect([name, changed.length]).toEqual([name, ["mysql", "vault-config"].includes(name) ? 1 : 0]);
    }
  });
});

/** Paths at which two values differ. */
function differences(left: unknown, right: unknown, path = ""): string[] {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return left === right ? [] : [path];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) =>
    differences(
      (left as Record<string, unknown>)[key],
      (right as Record<string, unknown>)[key],
      `${path}.${key}`,
    ),
  );
}

describe("a plan without its secret, by the real Terraform and a provider with write-only arguments,", () => {
  const folder = mkdtempSync(join(tmpdir(), "plan-only-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // random_password stands for the secret, and an argument of Vault's provider for MySQL's password.
  const stack = {
    terraform: {
      required_providers: { random: { source: "hashicorp/random" }, vault: { source: "hashicorp/vault" } },
    },
    provider: {
      vault: [
        {
          address: "http://127.0.0.1:9",
          token: "none",
          skip_child_token: true,
          skip_get_vault_version: true,
        },
      ],
    },
    ephemeral: { random_password: { kept: { length: 20 } } },
    resource: {
      terraform_data: { other: { input: "a" } },
      vault_kv_secret_v2: {
        holder: {
          mount: "m",
          name: "n",
          data_json_wo: "$" + "{ephemeral.random_password.kept.result}",
          data_json_wo_version: 1,
        },
      },
    },
  };
  const terraform = (...args: string[]) => {
    const { TF_CLI_CONFIG_FILE, ...env } = process.env;
    if (TF_CLI_CONFIG_FILE && existsSync(TF_CLI_CONFIG_FILE)) Object.assign(env, { TF_CLI_CONFIG_FILE });
    return spawnSync("terraform", [...args, "-no-color"], { cwd: folder, env, encoding: "utf8" });
  };
  const write = (json: object) => writeFileSync(join(folder, "main.tf.json"), JSON.stringify(json));
  const plan = (json: object) => {
    write(json);
    const { stdout, stderr } = terraform("plan", "-out", "plan", "-input=false");
    const shown = terraform("show", "-json", "plan").stdout;
    return { stdout, stderr, shown: JSON.parse(shown || "{}") };
  };

  write(stack);
  const init = terraform("init", "-input=false");
  const itWithProviders = init.status === 0 ? it : it.skip;
  if (init.status !== 0) console.warn(`skipped, because the providers cannot be installed: ${init.stderr}`);

  itWithProviders("is the same plan, and opens nothing", () => {
    const whole = plan(stack);
    const part = plan(planOnly(stack, ["random_password"]));
    expect(whole.stdout).toContain("ephemeral.random_password.kept: Opening");
    expect(part).toMatchObject({ stderr: "", stdout: expect.not.stringContaining("Opening") });
    expect(part.shown.resource_changes).toEqual(whole.shown.resource_changes);
    expect(planDigest(part.shown)).toBe(planDigest(whole.shown));
    expect(part.shown.resource_changes).toHaveLength(2);
  });

  itWithProviders("cannot be applied, so the placeholder never becomes a password", () => {
    plan(planOnly(stack, ["random_password"]));
    const { status, stderr } = terraform("apply", "-input=false", "plan");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining("Invalid function argument"),
    });
    expect(stderr).not.toContain("connection refused");
  });
});
