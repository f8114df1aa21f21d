import { UnitFile } from "../../../sandbox/machine/unit-file";

const parse = (...texts: string[]) =>
  new UnitFile(texts.map((text, index) => ({ path: `unit-${index}`, text })));

describe("A unit file", () => {
  it.each([
    ["a setting", ["[Service]\nType=oneshot"], ["oneshot"]],
    ["spaces around the equals sign and the value", ["[Service]\n Type = oneshot  "], ["oneshot"]],
    ["an equals sign in the value", ["[Service]\nType=a=b"], ["a=b"]],
    ["comments of both kinds", ["# Type=x\n[Service]\n; Type=y\nType=oneshot"], ["oneshot"]],
    ["a repeated key", ["[Service]\nType=a\nType=b"], ["a", "b"]],
    ["a key of another section", ["[Unit]\nType=a\n[Service]\nType=b"], ["b"]],
    ["a line that continues after a comment", ["[Service]\nType=a \\\n# no\n  b"], ["a    b"]],
    ["a drop-in that adds", ["[Service]\nType=a", "[Service]\nType=b"], ["a", "b"]],
    ["a drop-in that resets", ["[Service]\nType=a\nType=b", "[Service]\nType=\nType=c"], ["c"]],
    ["a drop-in that only resets", ["[Service]\nType=a", "[Service]\nType="], []],
    ["Windows line ends", ["[Service]\r\nType=a\r\n"], ["a"]],
  ])("reads %s", (_, texts, expected) => {
    expect(parse(...texts).all("Service", "Type")).toEqual(expected);
  });

  it("never resets a unit's dependencies, like systemd", () => {
    expect(parse("[Unit]\nAfter=a", "[Unit]\nAfter=").all("Unit", "After")).toEqual(["a"]);
  });

  it("returns the last of several values", () => {
    expect(parse("[Service]\nType=a\nType=b").last("Service", "Type")).toBe("b");
  });

  it.each([
    ["yes", true],
    ["true", true],
    ["1", true],
    ["no", false],
    ["", false],
  ])("reads %j as a boolean", (text, expected) => {
    expect(parse(`[Service]\nRemainAfterExit=${text}`).isOn("Service", "RemainAfterExit")).toBe(expected);
  });

  it.each([
    ["[Service]\nnonsense", 'unit-0:2: "nonsense"'],
    ["Type=x", 'unit-0:1: "Type=x"'],
  ])("rejects %j, with file and line", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
