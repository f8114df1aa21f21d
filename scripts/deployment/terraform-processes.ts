import { basename } from "node:path";
import { terraformName } from "../../lib/terraform/terraform-program";
import { runCommand } from "./run-command";

/**
 * Process ids of the Terraforms among a process and those below it.
 *
 * An interrupt must go to them alone. cdktf 0.21, when it is interrupted, exits without waiting for the Terraform that it
 * runs in a terminal of its own, and that terminal's end kills Terraform: the state is not written, the lock stays.
 */
export async function terraformsOf(root: number): Promise<number[]> {
  const listing = await runCommand("ps", ["-A", "-o", "pid=,ppid=,comm="]);
  const processes = (listing?.stdout ?? "").split("\n").flatMap((line) => {
    const [, pid, parent, name] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined
      ? []
      : [{ pid: Number(pid), parent: Number(parent), name: basename(name ?? "") }];
  });
  const below = (pid: number): typeof processes =>
    processes.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return [...processes.filter(({ pid }) => pid === root), ...below(root)]
    .filter(({ name }) => name === basename(terraformName()))
    .map(({ pid }) => pid);
}
