import { readJsonText } from "../../environments/json-text";

const read = (text: string) => readJsonText(Buffer.from(text));
const nested = (open: string, close: string, levels: number) =>
  `${open.repeat(levels)}${close.repeat(levels)}`;
const tooDeep = { unusable: expect.stringContaining("nested more than 16 levels deep") };

describe("A file's text", () => {
  it.each([
    ["lists", nested("[", "]", 16), nested("[", "]", 17)],
    [
      "objects",
      `${nested('{"a":', "}", 15).replace(":}", ":{}}")}`,
      `${nested('{"a":', "}", 16).replace(":}", ":{}}")}`,
    ],
    [
      "both",
      nested('[{"a":', "}]", 8).replace(":}", ":1}"),
      `[${nested('[{"a":', "}]", 8).replace(":}", ":1}")}]`,
    ],
  ])("has 16 levels of %s at most", (_, deepest, deeper) => {
    expect(read(deepest)).toEqual({ value: JSON.parse(deepest), problems: [] });
    expect(read(deeper)).toEqual(tooDeep);
  });

  it("may have any number of lists and objects beside each other", () => {
    const text = `[${Array(20).fill('[[]],{"a":{}}').join(",")}]`;
    expect(read(text)).toEqual({ value: JSON.parse(text), problems: [] });
  });

  it.each([
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":[{"b":1},{"b":1,"c":1,"b":2},{"b":1}]}', ["a[1].b"]],
    ['[1,"x, y",[0,{"b":1,"b":2}]]', ["[2][1].b"]],
    ['{"a":{"b":1},"b":{"b":1,"b":2}}', ["b.b"]],
    ['{"a":{"b":"{\\"b\\":1,"},"b":"\\\\","c":"}"}', []],
    ['{"a":1,"\\u0061":2}', ["a"]],
    ['{"a":[{"a":1}],"b":[[1,2],{"a":1}],"a":0}', ["a"]],
  ])("%s has these fields twice: %j", (text, fields) => {
    expect(read(text)).toEqual({
      value: JSON.parse(text),
      problems: fields.map((field) => ({ field, sentence: "is in the file twice; remove one entry." })),
    });
  });
});
