import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StateFolder } from "../../../sandbox/system/state-folder";
import { temporaryFolder } from "../../lib/processes/temporary-folder";

const folder = temporaryFolder();

describe("StateFolder", () => {
  it("is temporary and private, and is deleted at the end", async () => {
    const state = await StateFolder.open({ temporaryFolder: folder.path });
    expect(statSync(state.path).mode & 0o777).toBe(0o700);
    const inner = await state.folder("vault", "data");
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    await state.close();
    expect(existsSync(state.path)).toBe(false);
  });

  it("stays if an option says so, and works again", async () => {
    const kept = await StateFolder.open({ temporaryFolder: folder.path, keep: true });
    writeFileSync(join(kept.path, "data"), "");
    await kept.close();
    const again = await StateFolder.open({ path: kept.path });
    expect(readdirSync(again.path)).toContain("data");
    await again.close();
  });

  it("lets several sandboxes run side by side", async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => StateFolder.open({ temporaryFolder: folder.path })),
    );
    expect(one?.path).not.toBe(two?.path);
    await one?.close();
    expect(existsSync(two?.path as string)).toBe(true);
    await two?.close();
  });

  it("belongs to one sandbox at a time", async () => {
    const path = join(folder.path, "mine");
    const state = await StateFolder.open({ path });
    await expect(StateFolder.open({ path })).rejects.toThrow(`is in use by process ${process.pid}`);
    await state.close();
    await (await StateFolder.open({ path })).close();
  });

  it("does not use a folder with other content", async () => {
    const path = join(folder.path, "documents");
    mkdirSync(path);
    writeFileSync(join(path, "thesis"), "");
    await expect(StateFolder.open({ path })).rejects.toThrow("holds files that are not a sandbox's");
    expect(readdirSync(path)).toEqual(["thesis"]);
  });

  it("names the folder that it cannot use", async () => {
    writeFileSync(join(folder.path, "file"), "");
    await expect(StateFolder.open({ path: join(folder.path, "file") })).rejects.toThrow(
      /cannot be used \(EEXIST\)/,
    );
    await expect(StateFolder.open({ temporaryFolder: "/proc/nowhere" })).rejects.toThrow(
      /\/proc\/nowhere cannot be used/,
    );
  });

  it("does not delete a folder that only looks like a sandbox's", async () => {
    mkdirSync(join(folder.path, "vault-on-azure-notes"));
    await (await StateFolder.open({ temporaryFolder: folder.path })).close();
    expect(readdirSync(folder.path)).toEqual(["vault-on-azure-notes"]);
  });
});
