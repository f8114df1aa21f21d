import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { vaultServerUserData } from "../../cloud-init/vault-server/user-data";
import { longTests } from "../long-tests";
import { programOnPath } from "../program-on-path";
import { vaultServer } from "./examples";
import { unpack } from "./machine";

const systemFolders = ["/usr/sbin", "/sbin"];
const PATH = [process.env["PATH"], ...systemFolders].join(delimiter);
const missing = ["mkfs.ext4", "debugfs", "e2fsck", "blkid"].filter((it) => !programOnPath(it, systemFolders));
const describeWithTools = missing.length > 0 && !process.env["CI"] ? describe.skip : describe;

describeWithTools(
  `vault-data-format, with the real programs${missing.length > 0 ? ` (skipped: install ${missing.join(", ")})` : ""}`,
  () => {
    let root: string;
    let disk: string;

    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), "data-disk-"));
      unpack(vaultServerUserData(vaultServer), root);
      disk = join(root, "disk");
      writeFileSync(disk, "");
      truncateSync(disk, 8 << 20);
    });
    afterEach(() => rmSync(root, { recursive: true, force: true }));

    const run = (command: string, ...args: string[]) => {
      const content = join(root, "usr/local/lib/vault-vm/data-disk");
      const env = { ...process.env, PATH, DATA_DISK: disk, DATA_DISK_CONTENT: content };
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env });
      return { status, output: `${stdout}${stderr}`, stdout };
    };
    const program = () => join(root, "usr/local/sbin/vault-data-format");
    const format = () => run(program());
    const marker = () => run("debugfs", "-R", "cat /first-boot", disk).stdout;
    const isSound = () => run("e2fsck", "-f", "-n", disk).status === 0;

    it("creates a file system that belongs to root and has first boot's state 'formatted' from its beginning", () => {
      expect(format()).toMatchObject({
        status: 0,
        output: expect.stringContaining("created the file system"),
      });
      expect([marker(), isSound()]).toEqual(["formatted\n", true]);
      expect(run("debugfs", "-R", "stat /first-boot", disk).stdout).toMatch(
        /Mode: +0644(.|\n)*User: +0 +Group: +0/,
      );
    });

    it("does not change its own file system in any state of first boot", () => {
      format();
      writeFileSync(join(root, "state"), "complete\n");
      run("debugfs", "-w", "-R", "rm /first-boot", disk);
      run("debugfs", "-w", "-R", `write ${join(root, "state")} /first-boot`, disk);
      const before = readFileSync(disk);
      expect(format()).toMatchObject({ status: 0, output: "" });
      expect(readFileSync(disk).equals(before)).toBe(true);
      expect(marker()).toBe("complete\n");
    });

    it.each<[string, () => void, RegExp]>([
      ["another file system", () => run("mkfs.ext4", "-q", "-t", "ext2", disk), /ext2/],
      ["swap", () => run("mkswap", disk), /swap/],
      [
        "a partition table",
        () => run("sh", "-c", `printf 'label: gpt\\n,,\\n' | sfdisk --quiet '${disk}'`),
        /gpt/,
      ],
      [
        "an encrypted volume",
        () =>
          writeFileSync(
            disk,
            Buffer.concat([Buffer.from("LUKS\xba\xbe\0\x01", "latin1"), Buffer.alloc(8 << 20)]),
          ),
        /crypto_LUKS/,
      ],
      [
        "data that blkid does not know",
        () => {
          const data = Buffer.alloc(8 << 20);
          data.write("raw", 2_045, "latin1");
          writeFileSync(disk, data);
        },
        /unknown data/,
      ],
    ])("rejects a disk with %s, and does not change it", (_, make, found) => {
      make();
      const before = readFileSync(disk);
      const { status, output } = format();
      expect([status, output]).toEqual([1, expect.stringMatching(found)]);
      expect(output).toContain("It is not formatted. Attach an empty disk, or Vault's own.");
      expect(readFileSync(disk).equals(before)).toBe(true);
    });

    it("rejects an unreadable disk, which blkid would call empty", () => {
      rmSync(disk);
      expect(run("blkid", "--probe", disk).status).toBe(2);
      expect(format()).toMatchObject({ status: 1, output: expect.stringContaining("cannot be read") });
    });

    it("rejects a disk whose content blkid cannot identify", () => {
      run("mkfs.ext4", "-q", disk);
      const both = readFileSync(disk);
      both.write("_BHRfS_M", 65_600, "latin1"); // Btrfs
      writeFileSync(disk, both);
      expect(format()).toMatchObject({ status: 1, output: expect.stringContaining("(exit code 8)") });
      expect(readFileSync(disk).equals(both)).toBe(true);
    });

    const itWithStrace = programOnPath("strace") ? it : it.skip;
    itWithStrace(
      `starts over after a kill at any write, because a disk is either empty to it or has the marker${programOnPath("strace") ? "" : " (skipped: install strace)"}`,
      () => {
        const emptyDisk = () => {
          truncateSync(disk, 0);
          truncateSync(disk, 8 << 20);
        };
        const traced = (...expressions: string[]) =>
          run(
            "strace",
            ...["-f", "-qq", "-o", join(root, "trace"), "-e", "trace=pwrite64", ...expressions],
            program(),
          );
        emptyDisk();
        traced();
        const writes = readFileSync(join(root, "trace"), "utf8").match(/pwrite64\(/g)?.length ?? 0;
        // The last writes make an empty disk a file system. Those before differ less from each other.
        const isTried = (write: number) => longTests || write % 10 === 1 || write > writes - 8;
        let kills = 0;
        for (let write = 1; write <= writes; write++) {
          if (!isTried(write)) continue;
          emptyDisk();
          const { status } = traced("-e", `inject=pwrite64:signal=SIGKILL:when=${write}`);
          if (status === 0) continue;
          kills += 1;
          const isThere = run("blkid", "--probe", disk).status === 0;
          if (isThere) expect([marker(), isSound()]).toEqual(["formatted\n", true]);
          expect(format().status).toBe(0);
          expect([marker(), isSound()]).toEqual(["formatted\n", true]);
        }
        expect(kills).toBeGreaterThan(5);
      },
      240_000,
    );
  },
);
