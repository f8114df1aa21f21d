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
import { join } from "node:path";

/** A call of a program: its arguments and the names of the variables in its environment. */
export interface Call {
  readonly program: "az" | "npx" | "terraform" | "npm" | "vault";
  readonly args: readonly string[];
  readonly variables: readonly string[];
}

/** Whoever calls leaves a line: program, arguments, names of variables. */
const record = `
separated=$(printf '%s\\037' "$@")
printf '%s\\t%s\\t%s\\n' "\${0##*/}" "$separated" "$(compgen -e | tr '\\n' ' ')" >>"$IMITATION/calls"
# answer FILE: prints it, or fails with FILE.error, or goes on for ever
answer() {
  if [[ -e $1.hangs ]]; then echo "$1" >"$IMITATION/hanging"; exec sleep infinity; fi
  if [[ -e $1.error ]]; then cat "$1.error" >&2; exit 1; fi
  cat "$1"
}
`;

/** Answers each command from a file that is named after its words. */
const az = `#!/bin/bash
${record}
words=()
for arg in "$@"; do [[ $arg == -* ]] && break; words+=("$arg"); done
IFS=-; name="\${words[*]}"; unset IFS
if [[ $name == rest && $* == *checkNameAvailability* ]]; then name=check-name; fi
if [[ $name == rest && $* == *capabilitySets* ]]; then name=mysql-capabilities; fi
case $name in
  keyvault-certificate-download)
    [[ ! -e $IMITATION/az/$name.error ]] || answer "$IMITATION/az/$name"
    while [[ $1 != --file ]]; do shift; done
    cp "$IMITATION/az/$name" "$2" ;;
  *) answer "$IMITATION/az/$name" ;;
esac
`;

/**
 * cdktf: runs Terraform in a process group of its own, and writes the state that the stack would have. Interrupted, it does as
 * cdktf 0.21 does: it leaves, and takes Terraform with it.
 */
const npx = `#!/bin/bash
${record}
set -m
words=()
for arg in "$@"; do [[ $arg == -* ]] || words+=("$arg"); done
action=\${words[1]} terraform=
trap 'echo "$action $stack" >>"$IMITATION/cdktf-killed"; kill -KILL "$terraform" 2>/dev/null; exit 1' INT TERM HUP
for stack in "\${words[@]:2}"; do
if [[ $stack == vault-config ]]; then
  grep -qF "\\"$TERRAFORM_VAULT_AUTH_JWT\\"" "$IMITATION/az/account-get-access-token" && echo token >>"$IMITATION/vault-login"
  cmp -s "$VAULT_CACERT" "$IMITATION/az/keyvault-certificate-download" && echo certificate >>"$IMITATION/vault-login"
fi
echo "$stack  Initializing the backend..."
if [[ -e $IMITATION/cdktf/$action-$stack.error ]]; then
  sed "s/THE-TOKEN/$TERRAFORM_VAULT_AUTH_JWT/" "$IMITATION/cdktf/$action-$stack.error"
  exit 1
fi
if [[ $action == diff ]]; then cat "$IMITATION/cdktf/plan"; exit 0; fi
if [[ $stack == '*' ]]; then rm "$IMITATION"/state/*; exit 0; fi
terraform apply "$action-$stack" &
terraform=$!
while kill -0 "$terraform" 2>/dev/null; do wait "$terraform"; code=$?; done
[[ $code == 0 ]] || exit 1
if [[ $action == destroy ]]; then rm "$IMITATION/state/$stack"; else cp "$IMITATION/deployed/$stack" "$IMITATION/state/$stack"; fi
done
`;

/** Terraform: reads states, and plans and applies what a test says; its apply goes on until it is interrupted where a test asks for that. */
const terraform = `#!/bin/bash
${record}
stack=
if [[ $1 == -chdir=* ]]; then stack=\${1##*/}; shift; fi
case $1 in
  version) answer "$IMITATION/terraform/version" ;;
  show) answer "$IMITATION/terraform/plan" ;;
  init) if [[ -e $IMITATION/terraform/init.error ]]; then answer "$IMITATION/terraform/init"; fi ;;
  state)
    if [[ $2 == list ]]; then echo vault_mount.example; fi
    [[ $2 == pull ]] || exit 0
    stack=$(sed -n 's#.*/\\([a-z-]*\\)\\.tfstate.*#\\1#p' main.tf.json)
    if [[ -e $IMITATION/state/$stack ]]; then cat "$IMITATION/state/$stack"; fi ;;
  import) echo "$stack \${*: -2}" >>"$IMITATION/imports"; rm -f "$IMITATION/cdktf/deploy-$stack.error" ;;
  plan) [[ ! -e $IMITATION/terraform/plan ]] || exit 2 ;;
  apply)
    if [[ -n $stack ]]; then cp "$IMITATION/deployed/$stack" "$IMITATION/state/$stack"; fi
    [[ -e $IMITATION/terraform/hangs-with-$2 ]] || exit 0
    trap 'signals=$((signals + 1))' INT
    echo "apply $2" >"$IMITATION/hanging"
    signals=0
    while ((signals == 0)); do sleep 0.05; done
    sleep 0.6
    echo "$2 $signals" >>"$IMITATION/terraform-finished"
    exit 1 ;;
esac
`;

/** npm and vault: they note that they were called, and give out the token of a login. */
const other = `#!/bin/bash
${record}
if [[ $1 == write ]]; then grep -q ey <<<"$(cat)" && echo hvs.of-the-imitation; fi
`;

/** Imitations of az, npx and terraform in a folder for PATH, with answers that a test changes. */
export class Imitations {
  /** The only folder of PATH besides the system's own. */
  readonly bin: string;

  constructor(readonly folder: string) {
    this.bin = join(folder, "bin");
    for (const name of ["bin", "az", "cdktf", "terraform", "state", "deployed"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    symlinkSync(process.execPath, join(this.bin, "node"));
    for (const [name, text] of Object.entries({ az, npx, terraform, npm: other, vault: other })) {
      writeFileSync(join(this.bin, name), text);
      chmodSync(join(this.bin, name), 0o755);
    }
  }

  /** What a program answers from now on. */
  answer(file: string, content: unknown): void {
    rmSync(join(this.folder, `${file}.error`), { force: true });
    writeFileSync(join(this.folder, file), typeof content === "string" ? content : JSON.stringify(content));
  }

  /** What a program says on stderr when it fails from now on. */
  fail(file: string, message: string): void {
    writeFileSync(join(this.folder, `${file}.error`), message);
  }

  /** What a program never answers from now on. */
  hangs(file: string): void {
    writeFileSync(join(this.folder, `${file}.hangs`), "");
  }

  /** Lets Terraform go on with a stack until it is interrupted; `false` ends that. */
  hang(action: "deploy" | "destroy", stack: string, hangs = true): void {
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

  /** Makes a stack's state what its deployment leaves. */
  deployed(...stacks: string[]): void {
    for (const stack of stacks)
      cpSync(join(this.folder, "deployed", stack), join(this.folder, "state", stack));
  }

  /** Names of the stacks that have a state. */
  isDeployed(stack: string): boolean {
    return existsSync(join(this.folder, "state", stack));
  }

  /** What an imitation noted in a file; empty where it noted nothing. */
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

  /** Actions and stacks that cdktf was called for, in order: `deploy network`. */
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
