import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileLock, type HeldLock } from "../../../lib/processes/file-lock";
import { identityOf } from "../../../lib/processes/process-identity";
import { runScript } from "./script";
import { temporaryFolder } from "./temporary-folder";

jest.setTimeout(60_000); // some tests start TypeScript in a new process

const folder = temporaryFolder();

describe("FileLock", () => {
  it("belongs to one owner at a time, and is free again after its release", async () => {
    const lock = new FileLock(join(folder.path, "lock"));
    const held = (await lock.tryAcquire()) as HeldLock;
    expect(held.abandoned).toBe(false);
    expect(await lock.tryAcquire()).toMatchObject({ pid: process.pid });
    await held.release();
    expect(await lock.tryAcquire()).toHaveProperty("release");
  });

  it("names its owner when another process waits for it", async () => {
    const lock = new FileLock(join(folder.path, "lock"));
    await lock.tryAcquire();
    await expect(lock.acquire("the download", { deadlineMs: 2_000 })).rejects.toThrow(
      new RegExp(`for the download; last: process ${process.pid} on .* holds`),
    );
  });

  it("passes to the next process when its owner was killed", async () => {
    const path = join(folder.path, "lock");
    const script = runScript(
      folder.path,
      `import { FileLock } from "@project/lib/processes/file-lock";
       new FileLock(${JSON.stringify(path)}).tryAcquire().then(() => console.log("held now"));
       setInterval(() => {}, 1000);`,
    );
    await script.line("held");
    const lock = new FileLock(path);
    expect(await lock.tryAcquire()).toMatchObject({ pid: script.child.pid });
    script.child.kill("SIGKILL");
    await script.ended();
    expect(await lock.tryAcquire()).toMatchObject({ abandoned: true });
  });

  it("recognizes another process with the dead owner's id", async () => {
    const path = join(folder.path, "lock");
    mkdirSync(path);
    const owner = { ...identityOf(), started: "long ago" };
    writeFileSync(join(path, "claim-7"), JSON.stringify({ owner }));
    expect(await new FileLock(path).tryAcquire()).toMatchObject({ abandoned: true });
    expect(readdirSync(path)).toEqual(["claim-8"]);
  });

  it("stays with a process of another container, whose ids this one does not know", async () => {
    const path = join(folder.path, "lock");
    mkdirSync(path);
    const owner = { ...identityOf(), pid: 4_000_000, namespace: "pid:[1]" };
    writeFileSync(join(path, "claim-1"), JSON.stringify({ owner }));
    expect(await new FileLock(path).tryAcquire()).toEqual(owner);
  });

  it("lets exactly one contender take over a stale lock", async () => {
    const path = join(folder.path, "lock");
    mkdirSync(path);
    writeFileSync(join(path, "claim-1"), JSON.stringify({ owner: { ...identityOf(), started: "long ago" } }));
    let inside = 0;
    const contend = async (): Promise<void> => {
      const held = await new FileLock(path).acquire("my turn", { deadlineMs: 30_000 });
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
      await held.release();
    };
    await Promise.all(Array.from({ length: 20 }, contend));
    expect(readdirSync(path)).toHaveLength(1);
  });

  it("works between processes, so a file that only one may have never exists twice", async () => {
    const path = join(folder.path, "lock");
    const treasure = join(folder.path, "treasure");
    const body = `
      import { FileLock } from "@project/lib/processes/file-lock";
      import { rmSync, writeFileSync } from "node:fs";
      (async () => {
        for (let i = 0; i < 15; i++) {
          const held = await new FileLock(${JSON.stringify(path)}).acquire("my turn", { deadlineMs: 60_000 });
          writeFileSync(${JSON.stringify(treasure)}, "", { flag: "wx" });
          rmSync(${JSON.stringify(treasure)});
          await held.release();
        }
        console.log("fine 15");
      })();`;
    const scripts = [1, 2, 3].map(() => runScript(folder.path, body));
    for (const script of scripts) expect(await script.ended()).toEqual({ code: 0, signal: null });
    expect(scripts.map((it) => it.output())).toEqual(["fine 15\n", "fine 15\n", "fine 15\n"]);
    expect(existsSync(treasure)).toBe(false);
  });
});
