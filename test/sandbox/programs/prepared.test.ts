import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRsaKey } from "../../../sandbox/azure/server/rsa-key";
import { prepared } from "../../../sandbox/programs/prepared";

describe("What the sandboxes of one test run share", () => {
  let folder: string;
  const variable = process.env["SANDBOX_PREPARED"];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "prepared-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (variable === undefined) delete process.env["SANDBOX_PREPARED"];
    else process.env["SANDBOX_PREPARED"] = variable;
  });

  const makeFolder = (text: string) => async (path: string) => {
    mkdirSync(path);
    writeFileSync(join(path, "text"), text);
  };

  it("is created once, also if two create it at the same time", async () => {
    const both = await Promise.all(["one", "two"].map((text) => prepared("it", makeFolder(text), folder)));
    expect(both).toEqual([join(folder, "it"), join(folder, "it")]);
    const first = readFileSync(join(folder, "it/text"), "utf8");
    await prepared("it", makeFolder("three"), folder);
    expect(readFileSync(join(folder, "it/text"), "utf8")).toBe(first);
    expect(readdirSync(folder)).toEqual(["it"]);
  });

  it("is missing after a failure, and without a folder", async () => {
    const fails = prepared("it", async () => Promise.reject(new Error("no space")), folder);
    await expect(fails).rejects.toThrow("no space");
    expect(readdirSync(folder)).toEqual([]);
    expect(await prepared("it", makeFolder("one"), "")).toBeUndefined();
  });

  it("includes keys, and two keys of one process always differ", async () => {
    process.env["SANDBOX_PREPARED"] = folder;
    const keys = [await createRsaKey(1024), await createRsaKey(1024)];
    expect(new Set(keys).size).toBe(2);
    let again: typeof createRsaKey | undefined;
    jest.isolateModules(() => {
      again = require("../../../sandbox/azure/server/rsa-key").createRsaKey;
    });
    expect(await again?.(1024)).toBe(keys[0]);
  });
});
