import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  parseEnvironment,
  parseEnvironmentFile,
  readEnvironmentFile,
} from "../../../sandbox/machine/unit-environment";

describe("Environment=", () => {
  it.each([
    [["A=1"], { A: "1" }],
    [["A=1 B=2", "C=3"], { A: "1", B: "2", C: "3" }],
    [['"A=1 2" B='], { A: "1 2", B: "" }],
    [["A=1", "A=2"], { A: "2" }],
    [["A=https://x/?a=b,c"], { A: "https://x/?a=b,c" }],
  ])("%j", (lines, expected) => expect(parseEnvironment(lines)).toEqual(expected));

  it("rejects a word that is not an assignment", () => {
    expect(() => parseEnvironment(["A"])).toThrow("Environment=A is not an assignment");
  });
});

describe("A file of EnvironmentFile=", () => {
  it.each([
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["# no\n; no\n\nA=1", { A: "1" }],
    ["A=a b  ", { A: "a b" }],
    ['A="a b"\nB=\'c "d"\'', { A: "a b", B: 'c "d"' }],
    ['A="a \\"b\\" \\\\ \\n"', { A: 'a "b" \\ \\n' }],
    ["A=a\\ b", { A: "a b" }],
    ["A=a\\\nb", { A: "ab" }],
    ["A=$B ${C}", { A: "$B ${C}" }],
    ["A=", { A: "" }],
    ["A=x=y", { A: "x=y" }],
  ])("%j", (text, expected) => expect(parseEnvironmentFile(text)).toEqual(expected));

  it("may be missing only after a hyphen, and is below the private root", () => {
    const root = mkdtempSync(join(tmpdir(), "machine-"));
    const pathOf = (path: string) => join(root, path);
    writeFileSync(pathOf("a.env"), "A=1");
    expect(readEnvironmentFile("/a.env", pathOf)).toEqual({ A: "1" });
    expect(readEnvironmentFile("-/b.env", pathOf)).toEqual({});
    expect(() => readEnvironmentFile("/b.env", pathOf)).toThrow(`${root}/b.env is missing`);
    rmSync(root, { recursive: true });
  });
});
