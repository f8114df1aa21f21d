import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import { LONGEST_FOLDER } from "../../../sandbox/machine/machine";
import { Sandbox } from "../../../sandbox/system/sandbox";
import { StateFolder } from "../../../sandbox/system/state-folder";
import { longestFolder, requireUsableFolder } from "../../../sandbox/system/usable-folder";
import { capturedProgress } from "../../lib/processes/captured-progress";
import { describeWithVault } from "../programs-there";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "uf-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const demo = loadEnvironment("demo");

describe("A sandbox's folder", () => {
  it("works only with the environment that created it", async () => {
    await requireUsableFolder(folder, demo);
    await requireUsableFolder(folder, demo);
    await expect(requireUsableFolder(folder, loadEnvironment("production"))).rejects.toThrow(
      `${folder} holds the environment demo, but you chose production. Set ENVIRONMENT=demo, or name another folder.`,
    );
    expect(readFileSync(join(folder, "environment"), "utf8")).toBe("demo\n");
  });

  it.each(["a b", "a'b", "ä"])(
    "cannot have %j in its name, because units contain it without quotes",
    async (name) => {
      mkdirSync(join(folder, name));
      await expect(requireUsableFolder(join(folder, name), demo)).rejects.toThrow(
        /^The sandbox cannot run in .*, because units .* Use --folder, or TMPDIR, with a path of letters, .*\.$/,
      );
    },
  );

  it("can be as long as its VMs allow, and the error says how long that is", async () => {
    const limit = LONGEST_FOLDER - "/machines/vm-demo-vault-1".length;
    expect(longestFolder(demo)).toBe(limit);
    const longest = join(folder, "x".repeat(limit - folder.length - 1));
    mkdirSync(longest);
    await requireUsableFolder(longest, demo);
    await expect(requireUsableFolder(`${longest}x`, demo)).rejects.toThrow(
      `because its path has ${limit + 1} characters. The folder contains unix sockets, so with the VMs of demo the path may have ${limit}.`,
    );
  });
});

describeWithVault("A saved state of Azure", () => {
  it.each([
    [
      "is damaged",
      '{"kv-demo-ab12cd":[]}',
      /azure\.json is damaged\. .* remove the folder \S+ and start again\.$/,
    ],
    [
      "is another environment's",
      '{"kv-other":{"keys":{},"secrets":{},"certificates":{}}}',
      /^The saved state contains Key Vaults that this environment does not have \(kv-other\)\. .* Name another folder\.$/,
    ],
  ])(
    "that %s is refused with one sentence, which appears once",
    async (_, content, sentence) => {
      const state = await StateFolder.open({ path: folder });
      writeFileSync(join(folder, "azure.json"), content);
      const { progress, text } = capturedProgress();
      try {
        const start = Sandbox.start({ environment: demo, folder: state, progress, upTo: "azure" });
        const error = await start.catch((it: Error) => it);
        expect(error).toMatchObject({ name: "UserError", message: expect.stringMatching(sentence) });
        expect(progress.told(error)).toBe(true);
        expect(text().split((error as Error).message)).toHaveLength(2);
      } finally {
        await state.close();
      }
    },
    60_000,
  );
});
