import { choices, excerpt, fieldName } from "../../environments/problem";

describe("The name of a field", () => {
  it.each<[PropertyKey[], string]>([
    [["webApps", 0, "name"], "webApps[0].name"],
    [["vault"], "vault"],
    [["tags", "cost/center"], 'tags["cost/center"]'],
    [["tags", ""], 'tags[""]'],
    [["tags", "a".repeat(60)], `tags.${"a".repeat(60)}`],
    [["tags", "a".repeat(61)], `tags["${"a".repeat(56)}...]`],
    [["$schema"], "$schema"],
    [[0, "name"], "[0].name"],
    [[], "(file)"],
  ])("%j is %s", (path, name) => {
    expect(fieldName(path)).toBe(name);
  });
});

describe("The excerpt of a value", () => {
  it.each<[unknown, string]>([
    ["text", '"text"'],
    [3, "3"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [undefined, "undefined"],
    [{ a: [1] }, '{"a":[1]}'],
    ["x".repeat(58), `"${"x".repeat(58)}"`],
    ["x".repeat(59), `"${"x".repeat(56)}...`],
    ["a\u200bb\u2028c\u202ed", '"a\\u{200b}b\\u{2028}c\\u{202e}d"'],
  ])("%j is %s", (value, shown) => {
    expect(excerpt(value)).toBe(shown);
  });
});

describe("A list of choices", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

  it("has up to 20 names", () => {
    expect(choices(names(2))).toBe("n1, n2");
    expect(choices(names(20))).toBe(names(20).join(", "));
  });

  it("is one line without terminal escapes", () => {
    expect(choices(["a\n", "\u001b[2J"])).toBe("a\\u{a}, \\u{1b}[2J");
  });

  it("ends with the number of further ones", () => {
    expect(choices(names(23))).toBe(`${names(20).join(", ")} and 3 more`);
  });
});
