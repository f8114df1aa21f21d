import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { CommandResult, RunCommand } from "../../../scripts/deployment/run-command";
import type { Imitations } from "./imitations";

/** The imitations whose answers count now. */
let imitations: Imitations | undefined;

export function answerFrom(some: Imitations | undefined): void {
  imitations = some;
}

/**
 * Answers az and terraform from the imitations' files, for a preflight in this process. A start of a program copies the tables of all of
 * Jest's memory, which takes longer than the rest of a preflight.
 */
export const answerInProcess: RunCommand = async (program, args, options = {}) => {
  if (!imitations) throw new Error(`${program} starts outside of a preflight.`);
  return answerOf(imitations, program, args, options);
};

interface Options {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string | URL;
}

/** Does what the imitated program does, and records its call. Returns undefined if the program is missing. */
export function answerOf(
  from: Imitations,
  program: string,
  args: readonly string[],
  { env = process.env, cwd = "" }: Options,
): CommandResult | undefined {
  if (!existsSync(join(from.bin, program))) return undefined;
  appendFileSync(
    join(from.folder, "calls"),
    `${program}\t${args.map((arg) => `${arg}\x1f`).join("")}\t${Object.keys(env).join(" ")}\n`,
  );
  return program === "az" ? azAnswer(from, args) : new Terraform(from, args, env, String(cwd)).answer();
}

function azAnswer(from: Imitations, args: readonly string[]): CommandResult {
  const file = `az/${nameOf(args)}`;
  const failed = failure(from, file);
  if (failed || file !== "az/keyvault-certificate-download") return failed ?? answer(from, file);
  const before = args[args.indexOf("--id") + 1] === "https://kv/before" ? "-before" : "";
  copyFileSync(join(from.folder, `${file}${before}`), args[args.indexOf("--file") + 1] ?? "");
  return nothing;
}

/** The words of a command, or the subject of a request of `az rest`. */
function nameOf(args: readonly string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  const name = args.slice(0, end === -1 ? undefined : end).join("-");
  const all = args.join(" ");
  if (name === "rest") {
    if (all.includes("capabilitySets")) return "mysql-capabilities";
    if (all.includes("AlertsManagement")) return all.includes("page=2") ? "alerts-2" : "alerts";
    if (all.includes("virtualNetworks")) return "virtual-network";
    if (all.includes("checkNameAvailability")) return "check-name";
  }
  if (name === "account-get-access-token" && all.includes("--resource api://"))
    return `${name}-for-application`;
  return name;
}

/** One call of the imitation of Terraform, as in imitations.ts. */
class Terraform {
  private readonly stack: string;
  private readonly verb: string;
  private readonly words: readonly string[];

  constructor(
    private readonly from: Imitations,
    args: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
    cwd: string,
  ) {
    const [first = "", ...rest] = args;
    const inFolder = first.startsWith("-chdir=");
    this.words = inFolder ? rest : args;
    this.stack = inFolder ? basename(first) : stackOfBackend(cwd);
    this.verb = this.words[0] ?? "";
  }

  answer(): CommandResult {
    const { from, stack, words } = this;
    switch (this.verb) {
      case "version":
        return failure(from, "terraform/version") ?? answer(from, "terraform/version");
      case "init":
        return failure(from, "terraform/init") ?? nothing;
      case "show":
        return this.show();
      case "state":
        if (words[1] === "list") return { ...nothing, stdout: "vault_mount.example\n" };
        return existsSync(this.state) ? answer(from, `state/${stack}`) : nothing;
      case "force-unlock":
        return nothing;
      case "import":
        this.note("imports", `${stack} ${words.slice(-2).join(" ")}`);
        rmSync(join(from.folder, `terraform/apply-${stack}.error`), { force: true });
        return nothing;
      case "plan":
        return this.begun() ?? this.plan();
      case "apply":
        return this.begun() ?? this.apply();
      case "destroy": {
        const failed = this.begun();
        if (!failed) rmSync(this.state);
        return failed ?? nothing;
      }
      default:
        throw new Error(`The imitation of Terraform does not know ${words.join(" ")}.`);
    }
  }

  /** Records the login of a stack, or fails as a test says. */
  private begun(): CommandResult | undefined {
    const { from, stack, verb, env } = this;
    const jwt = env["TERRAFORM_VAULT_AUTH_JWT"] ?? "";
    if (stack === "vault-config") {
      const token = "account-get-access-token";
      for (const name of readdirSync(join(from.folder, "az")).sort())
        if (name.startsWith(token) && this.text(`az/${name}`).includes(jwt))
          this.note("vault-login", `${verb} token${name.slice(token.length)}`);
      const certificate = readFileSync(env["VAULT_CACERT"] ?? "", "utf8");
      if (certificate === this.text("az/keyvault-certificate-download"))
        this.note("vault-login", `${verb} certificate`);
    }
    if (existsSync(join(from.folder, `terraform/hangs-with-${verb}-${stack}`)))
      throw new Error("Only a real process can hang.");
    const failed = failure(from, `terraform/${verb}-${stack}`);
    return failed && { ...failed, stderr: failed.stderr.replaceAll("THE-TOKEN", jwt) };
  }

  private show(): CommandResult {
    const { from, words } = this;
    if (words[1] !== "-json") return answer(from, "terraform/plan-text");
    const made = existsSync(words[2] ?? "") ? readFileSync(words[2] ?? "", "utf8") : "";
    return made ? { ...nothing, stdout: made } : answer(from, "terraform/plan");
  }

  /** If a test wants a stack's plan to shrink with each applied part, the plan is in a file. */
  private plan(): CommandResult {
    const { words, planFile } = this;
    if (existsSync(join(this.from.folder, planFile))) {
      const targets = words.flatMap((word) => (word.startsWith("-target=") ? word.slice(8) : []));
      const part = this.changesOfPlan(({ address }) => targets.length === 0 || targets.includes(address));
      writeFileSync(words[words.indexOf("-out") + 1] ?? "", part);
    }
    return { ...nothing, code: 2 };
  }

  private apply(): CommandResult {
    const { from, stack, words } = this;
    const applied = existsSync(words.at(-1) ?? "") && readFileSync(words.at(-1) ?? "", "utf8");
    if (applied) {
      const addresses = (JSON.parse(applied) as PlanJson).resource_changes.map(({ address }) => address);
      const left = this.changesOfPlan(({ address }) => !addresses.includes(address));
      writeFileSync(join(from.folder, this.planFile), left);
    }
    copyFileSync(join(from.folder, "deployed", stack), this.state);
    return nothing;
  }

  private changesOfPlan(chosen: (change: { address: string }) => boolean): string {
    const plan: PlanJson = JSON.parse(this.text(this.planFile));
    return JSON.stringify({ ...plan, resource_changes: plan.resource_changes.filter(chosen) });
  }

  private get planFile(): string {
    return `terraform/plan-of-${this.stack}`;
  }

  private get state(): string {
    return join(this.from.folder, "state", this.stack);
  }

  private text(file: string): string {
    return readFileSync(join(this.from.folder, file), "utf8");
  }

  private note(file: string, line: string): void {
    appendFileSync(join(this.from.folder, file), `${line}\n`);
  }
}

interface PlanJson {
  readonly resource_changes: readonly { readonly address: string }[];
}

const nothing: CommandResult = { code: 0, stdout: "", stderr: "" };

/** The stack whose state is at the backend that a folder names. */
function stackOfBackend(folder: string): string {
  const file = join(folder, "main.tf.json");
  return existsSync(file) ? (/\/([a-z-]*)\.tfstate/.exec(readFileSync(file, "utf8"))?.[1] ?? "") : "";
}

function answer(from: Imitations, file: string): CommandResult {
  const path = join(from.folder, file);
  if (!existsSync(path)) return { code: 1, stdout: "", stderr: `${path}: No such file or directory` };
  return { code: 0, stdout: readFileSync(path, "utf8"), stderr: "" };
}

function failure(from: Imitations, file: string): CommandResult | undefined {
  const path = join(from.folder, `${file}.error`);
  return existsSync(path) ? { code: 1, stdout: "", stderr: readFileSync(path, "utf8") } : undefined;
}
