import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

/** A call of a program: its arguments and the names of the variables in its environment. */
export interface Call {
  readonly program: "az" | "npx" | "terraform" | "npm" | "vault";
  readonly args: readonly string[];
  readonly variables: readonly string[];
}

/** Each call adds a line: program, arguments, names of variables. Bash does it without another process. */
const record = `
printf -v separated '%s\\037' "$@"
mapfile -d '' -t variables </proc/$$/environ
printf '%s\\t%s\\t%s\\n' "\${0##*/}" "$separated" "\${variables[*]%%=*}" >>"$IMITATION/calls"
# answer FILE: prints it, or fails with FILE.error, or never ends
answer() {
  if [[ -e $1.hangs ]]; then echo "$1" >"$IMITATION/hanging"; exec sleep infinity; fi
  if [[ -e $1.error ]]; then cat "$1.error" >&2; exit 1; fi
  # Bash reads the file itself, because another program takes as long as the rest.
  exec <"$1" || exit 1
  IFS= read -rd '' text
  printf %s "$text"
}
`;

/** Answers each command from the file that has its words as name. */
const az = `#!/bin/bash
${record}
words=()
for arg in "$@"; do [[ $arg == -* ]] && break; words+=("$arg"); done
IFS=-; name="\${words[*]}"; unset IFS
if [[ $name == rest && $* == *checkNameAvailability* ]]; then name=check-name; fi
if [[ $name == rest && $* == *virtualNetworks* ]]; then name=virtual-network; fi
if [[ $name == account-get-access-token && $* == *"--resource api://"* ]]; then name+=-for-application; fi
if [[ $name == rest && $* == *capabilitySets* ]]; then name=mysql-capabilities; fi
case $name in
  keyvault-certificate-download)
    [[ ! -e $IMITATION/az/$name.error ]] || answer "$IMITATION/az/$name"
    if [[ $* == *"--id https://kv/before "* ]]; then name+=-before; fi
    while [[ $1 != --file ]]; do shift; done
    cp "$IMITATION/az/$name" "$2" ;;
  *) answer "$IMITATION/az/$name" ;;
esac
`;

/** npx: it knows only cdktf, which deploys the named stacks, or destroys all. */
const npx = `#!/bin/bash
${record}
words=()
for arg in "$@"; do [[ $arg == -* ]] || words+=("$arg"); done
for stack in "\${words[@]:2}"; do
  if [[ $stack == '*' ]]; then rm "$IMITATION"/state/*; else cp "$IMITATION/deployed/$stack" "$IMITATION/state/$stack"; fi
done
`;

/** Terraform: it reads states, plans, applies and destroys as a test says. If the test wants it, it runs until it is interrupted. */
const terraform = `#!/bin/bash
${record}
stack=
if [[ $1 == -chdir=* ]]; then stack=\${1##*/}; shift; fi
verb=$1
# Records the login of a stack, fails as a test says, or runs until it is interrupted.
begin() {
  if [[ $stack == vault-config ]]; then
    for given in "$IMITATION"/az/account-get-access-token*; do
      grep -qF ""$TERRAFORM_VAULT_AUTH_JWT"" "$given" && echo "$verb token\${given##*-token}" >>"$IMITATION/vault-login"
    done
    cmp -s "$VAULT_CACERT" "$IMITATION/az/keyvault-certificate-download" && echo "$verb certificate" >>"$IMITATION/vault-login"
  fi
  if [[ -e $IMITATION/terraform/$verb-$stack.error ]]; then
    sed "s/THE-TOKEN/$TERRAFORM_VAULT_AUTH_JWT/" "$IMITATION/terraform/$verb-$stack.error" >&2
    exit 1
  fi
  [[ -e $IMITATION/terraform/hangs-with-$verb-$stack ]] || return 0
  trap 'signals=$((signals + 1))' INT
  echo "$verb $stack $$" >"$IMITATION/hanging"
  signals=0
  # A test that kills the script does not end this process.
  while ((signals == 0)) && [[ -d $IMITATION ]]; do sleep 0.05; done
  sleep 0.6
  echo "$verb $stack $signals" >>"$IMITATION/terraform-finished"
  exit 1
}
case $verb in
  version) answer "$IMITATION/terraform/version" ;;
  show)
    if [[ $2 == -json && -s $3 ]]; then cat "$3"
    elif [[ $2 == -json ]]; then answer "$IMITATION/terraform/plan"; else answer "$IMITATION/terraform/plan-text"; fi ;;
  init) if [[ -e $IMITATION/terraform/init.error ]]; then answer "$IMITATION/terraform/init"; fi ;;
  state)
    if [[ $2 == list ]]; then echo vault_mount.example; fi
    [[ $2 == pull ]] || exit 0
    [[ -n $stack ]] || stack=$(sed -n 's#.*/\\([a-z-]*\\)\\.tfstate.*#\\1#p' main.tf.json)
    if [[ -e $IMITATION/state/$stack ]]; then cat "$IMITATION/state/$stack"; fi ;;
  import) echo "$stack \${*: -2}" >>"$IMITATION/imports"; rm -f "$IMITATION/terraform/apply-$stack.error" ;;
  plan)
    begin
    # If a test wants a stack's plan to shrink with each applied part, the plan is in a file.
    if [[ -e $IMITATION/terraform/plan-of-$stack ]]; then
      while [[ $1 != -out ]]; do shift; done
      jq --arg scope "$*" '[$scope | split(" ")[] | select(startswith("-target="))[8:]] as $targets |
        .resource_changes |= map(select($targets == [] or IN(.address; $targets[])))' \\
        <"$IMITATION/terraform/plan-of-$stack" >"$2"
    fi
    exit 2 ;;
  apply)
    begin
    if [[ -s \${!#} ]]; then
      jq --slurpfile applied "\${!#}" '.resource_changes |= map(select(IN(.address; $applied[0].resource_changes[].address) | not))' \
        <"$IMITATION/terraform/plan-of-$stack" >"$IMITATION/left"
      mv "$IMITATION/left" "$IMITATION/terraform/plan-of-$stack"
    fi
    cp "$IMITATION/deployed/$stack" "$IMITATION/state/$stack" ;;
  destroy) begin; rm "$IMITATION/state/$stack" ;;
esac
`;

/** npm and vault: they record their calls, and vault prints the token of a login. */
const other = `#!/bin/bash
${record}
if [[ $1 == write ]]; then grep -q ey <<<"$(cat)" && echo token-of-the-imitation; fi
`;

/** Imitations of az, npx and terraform in a folder for PATH. A test can change their answers. */
export class Imitations {
  /** The only folder on PATH in addition to the system's own. */
  readonly bin: string;

  constructor(readonly folder: string) {
    this.bin = join(folder, "bin");
    for (const name of ["bin", "az", "terraform", "state", "deployed"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    symlinkSync(process.execPath, join(this.bin, "node"));
    for (const [name, text] of Object.entries({ az, npx, terraform, npm: other, vault: other })) {
      writeFileSync(join(this.bin, name), text);
      chmodSync(join(this.bin, name), 0o755);
    }
  }

  /** Sets a program's answer from now on. */
  answer(file: string, content: unknown): void {
    rmSync(join(this.folder, `${file}.error`), { force: true });
    writeFileSync(join(this.folder, file), typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Makes a program fail from now on, with this text on stderr. */
  fail(file: string, message: string): void {
    writeFileSync(join(this.folder, `${file}.error`), message);
  }

  /** Makes a program never answer from now on. */
  hangs(file: string): void {
    writeFileSync(join(this.folder, `${file}.hangs`), "");
  }

  /** Makes Terraform run on a stack until it is interrupted. `false` ends that. */
  hang(action: "apply" | "destroy", stack: string, hangs = true): void {
    const file = join(this.folder, "terraform", `hangs-with-${action}-${stack}`);
    if (hangs) writeFileSync(file, "");
    else rmSync(file);
  }

  uninstall(program: "az" | "npx" | "terraform"): void {
    rmSync(join(this.bin, program));
  }

  rename(program: "terraform", name: string): void {
    renameSync(join(this.bin, program), join(this.bin, name));
  }

  /** Sets the states of stacks as their deployment leaves them. */
  deployed(...stacks: string[]): void {
    for (const stack of stacks)
      cpSync(join(this.folder, "deployed", stack), join(this.folder, "state", stack));
  }

  /** Names of the stacks that have a state. */
  isDeployed(stack: string): boolean {
    return existsSync(join(this.folder, "state", stack));
  }

  /** Returns an imitation's record in a file. Empty if it recorded nothing. */
  note(file: string): string {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  get calls(): Call[] {
    return this.note("calls")
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [program = "", args = "", variables = ""] = line.split("\t");
        return {
          program: program as Call["program"],
          args: args.split("\x1f").slice(0, -1),
          variables: variables.trim().split(" "),
        };
      });
  }

  /** Terraform's work on stacks, in order: `plan network`, `apply network`, `destroy network`. */
  get runs(): string[] {
    return this.calls.flatMap(({ program, args: [folder = "", verb = ""] }) =>
      program === "terraform" && ["plan", "apply", "destroy"].includes(verb)
        ? [`${verb} ${basename(folder)}`]
        : [],
    );
  }

  /** Terraform's work without plans. */
  get changes(): string[] {
    return this.runs.filter((run) => !run.startsWith("plan "));
  }

  /** A person's calls of cdktf: `deploy network mysql`. */
  get cdktfRuns(): string[] {
    return this.calls
      .filter(({ program }) => program === "npx")
      .map(({ args }) =>
        args
          .filter((arg) => !arg.startsWith("-"))
          .slice(1)
          .join(" "),
      );
  }
}
