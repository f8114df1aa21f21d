import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../../lib/processes/wait-for";
import { describeUnless, mountsMissing } from "../../programs-there";
import { firstBootsLog, vaultConfigsLog } from "../audit-log";
import { deadlineMs, VAULT } from "../first-boots";
import type { RunningSandbox } from "../running-sandbox";
import { LoggedInWorkload } from "../workloads";

/** Vault runs in a namespace in which the folder of its logs is a disk of 1 MB. The folder in memory is another disk. */
const onSmallDisks = (vault: string, folder: string, fullAtStart: string): string => `#!/bin/sh
exec unshare -rm sh -c '
  set -e
  mount -t tmpfs -o size=1m tmpfs "${folder}"
  mkdir "${folder}/memory"
  mount -t tmpfs -o size=1m tmpfs "${folder}/memory"
  if [ -e "${fullAtStart}" ]; then cat /dev/zero >"${folder}/filler" 2>/dev/null || true; fi
  exec "${vault}" "$@"' sh "$@"
`;

export const fullAuditDisk = (running: RunningSandbox): void =>
  describeUnless(mountsMissing(), "Vault whose audit log's disk is full", () => {
    let workload: LoggedInWorkload;
    let real: string;
    const program = () => running.sandbox.vault.path("/usr/local/bin/vault");

    const fullAtStart = () => join(running.folder, "full-at-start");
    const seenByVault = (path: string) => {
      const { vault } = running.sandbox;
      return `/proc/${vault.pid(VAULT)}/root${vault.path(path)}`;
    };
    /** Fills the disk of a log, with the rest of the log's own last block. */
    const fill = async (log: string) => {
      const { stderr } = spawnSync("sh", ["-c", 'cat /dev/zero >"$1"', "sh", fillerOf(log)], {
        encoding: "utf8",
      });
      expect(stderr).toContain("No space left on device");
      const length = () => statSync(seenByVault(log)).size;
      await waitFor(
        "the log to stop growing",
        async () => {
          const before = length();
          await ask("filler");
          return length() === before;
        },
        { deadlineMs },
      );
    };
    const fillerOf = (log: string) => seenByVault(join(log, "../filler"));
    /** Returns true if a log has a request whose path ends with the word. */
    const has = (log: string, word: string) => readFileSync(seenByVault(log), "utf8").includes(word);
    /** Sends a request whose answer is not secret. The log shows the word in clear, as a part of the path. */
    const ask = async (word: string) => (await workload.ask(`GET transit/keys/${word}`)).status;

    beforeAll(async () => {
      const { vault } = running.sandbox;
      workload = await LoggedInWorkload.of(running.sandbox, "agent");
      real = realpathSync(program());
      rmSync(program());
      writeFileSync(program(), onSmallDisks(real, vault.path("/var/log/vault"), fullAtStart()));
      chmodSync(program(), 0o755);
      await running.restartVault();
    });
    afterAll(async () => {
      rmSync(program());
      symlinkSync(real, program());
      await running.restartVault();
    });
    beforeEach(() => {
      for (const log of [firstBootsLog, vaultConfigsLog]) rmSync(fillerOf(log), { force: true });
    });

    it("answers, and logs each request in memory", async () => {
      expect(await ask("customer-key")).toBe(200);
      await fill(firstBootsLog);
      expect(await ask("nobodys-1")).toBe(403);
      expect([has(vaultConfigsLog, "nobodys-1"), has(firstBootsLog, "nobodys-1")]).toEqual([true, false]);
      expect(await ask("customer-key")).toBe(200);
    });

    it("starts, unseals itself and answers", async () => {
      writeFileSync(fullAtStart(), "");
      await running.restartVault();
      expect(await ask("nobodys-2")).toBe(403);
      expect(await ask("customer-key")).toBe(200);
      expect(has(vaultConfigsLog, "nobodys-2")).toBe(true);
      rmSync(fullAtStart());
    });

    it("answers when only the memory is full, and logs each request on the disk", async () => {
      await fill(vaultConfigsLog);
      expect(await ask("nobodys-3")).toBe(403);
      expect(has(firstBootsLog, "nobodys-3")).toBe(true);
      expect(await ask("customer-key")).toBe(200);
    });

    it("answers nothing when both are full, and everything when either has space", async () => {
      await fill(firstBootsLog);
      await fill(vaultConfigsLog);
      expect(await ask("customer-key")).toBe(500);
      rmSync(fillerOf(vaultConfigsLog));
      expect(await ask("customer-key")).toBe(200);
    });
  });
