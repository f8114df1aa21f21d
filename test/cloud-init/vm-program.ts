import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unpack } from "./machine";

/** Programs of user data below a private root. Some of them can be replaced. systemctl does nothing and prints `inactive`. */
export class VmPrograms {
  readonly root = mkdtempSync(join(tmpdir(), "vm-"));

  constructor(userData: string) {
    unpack(userData, this.root);
    this.program("bin/systemctl", "case $1 in is-active) echo inactive && exit 3 ;; esac");
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Replaces a program with a shell script. */
  program(path: string, script: string): void {
    this.write(path, "");
    rmSync(this.path(path));
    writeFileSync(this.path(path), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }

  /** Runs a program of /usr/local/sbin to its end. The caller sets the paths. */
  run(name: string, env: Readonly<Record<string, string>>): Promise<{ code: number | null; said: string }> {
    const child = spawn(this.path(`usr/local/sbin/${name}`), [], {
      env: {
        PATH: `${this.path("bin")}:${process.env["PATH"]}`,
        POLL_SECONDS: "0.1",
        LOCAL_POLL_SECONDS: "0.1",
        ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      said += chunk;
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, said }));
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
