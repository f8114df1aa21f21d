import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { putFiles } from "../../../sandbox/guest/disk-files";
import { temporaryFolder } from "../../lib/processes/temporary-folder";
import { programOnPath } from "../../program-on-path";

const mkfs = programOnPath("mkfs.ext4", ["/usr/sbin", "/sbin"]);
const debugfs = programOnPath("debugfs", ["/usr/sbin", "/sbin"]);
const itWithE2fsprogs = mkfs && debugfs ? it : it.skip;

describe("Files of a disk that is not mounted", () => {
  const folder = temporaryFolder();

  const makeDisk = (): string => {
    const image = join(folder.path, "disk");
    const { status } = spawnSync(mkfs ?? "", ["-q", image, "8M"]);
    expect(status).toBe(0);
    return image;
  };
  const ask = (image: string, command: string) =>
    spawnSync(debugfs ?? "", ["-R", command, image], { encoding: "utf8" }).stdout;

  itWithE2fsprogs("belong to root and have their modes, and missing folders are created", async () => {
    const image = makeDisk();
    const program = join(folder.path, "program");
    writeFileSync(program, "#!/bin/sh\n");
    await putFiles(debugfs ?? "", image, folder.path, [
      { path: "/etc/deep/secret", content: "hush\n", mode: 0o600 },
      { path: "/usr/bin/program", from: program, mode: 0o755 },
      { path: "/etc/link", link: "/usr/bin/program" },
    ]);
    expect(ask(image, "cat /etc/deep/secret")).toBe("hush\n");
    expect(ask(image, "stat /etc/deep/secret")).toMatch(/Mode: {2}0600[\s\S]*User: {5}0 {3}Group: {5}0/);
    expect(ask(image, "stat /usr/bin/program")).toMatch(/Type: regular {4}Mode: {2}0755/);
    expect(ask(image, "stat /etc/link")).toContain('Fast link dest: "/usr/bin/program"');
  });

  itWithE2fsprogs("replace existing files", async () => {
    const image = makeDisk();
    for (const content of ["first, and longer\n", "second\n"])
      await putFiles(debugfs ?? "", image, folder.path, [{ path: "/etc/name", content }]);
    expect(ask(image, "cat /etc/name")).toBe("second\n");
  });

  itWithE2fsprogs("cause an error if their source is missing", async () => {
    const image = makeDisk();
    await expect(
      putFiles(debugfs ?? "", image, folder.path, [{ path: "/etc/name", from: "/nowhere/at/all" }]),
    ).rejects.toThrow(/debugfs could not write files into/);
  });
});
