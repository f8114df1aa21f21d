import { expandCommandLine, parseCommandLine, splitWords } from "../../../sandbox/machine/command-line";
import { parseTimeSpan } from "../../../sandbox/machine/time-span";

const variables = { MAINPID: "42", LIST: "a b", EMPTY: "", SPACED: "c d" };

describe("A command line of a unit", () => {
  it.each([
    ["/bin/a b  c", ["/bin/a", "b", "c"]],
    ["+/bin/a", ["/bin/a"]],
    ["-/bin/a", ["/bin/a"]],
    ["!!/bin/a", ["/bin/a"]],
    ["@/bin/a name b", ["/bin/a", "b"]],
    ["/bin/a \"b c\" 'd e'", ["/bin/a", "b c", "d e"]],
    ['/bin/a "" b', ["/bin/a", "", "b"]],
    ["/bin/a b\\sc \\x41 100%%", ["/bin/a", "b c", "A", "100%"]],
    ["/bin/kill --signal HUP $MAINPID", ["/bin/kill", "--signal", "HUP", "42"]],
    ["/bin/a $LIST $EMPTY $UNSET x", ["/bin/a", "a", "b", "x"]],
    ["/bin/a ${SPACED} pre${LIST}post", ["/bin/a", "c d", "prea bpost"]],
    ["/bin/a $$x", ["/bin/a", "$x"]],
    [":/bin/a ${LIST}", ["/bin/a", "${LIST}"]],
  ])("%s", (text, expected) => {
    expect(expandCommandLine(parseCommandLine(text), variables)).toEqual(expected);
  });

  it.each([
    ["-/bin/a", true],
    ["+-/bin/a", true],
    ["/bin/a", false],
    ["/bin/a -b", false],
  ])("%s may fail: %s", (text, expected) => {
    expect(parseCommandLine(text).mayFail).toBe(expected);
  });

  it.each([
    ["/bin/a ; /bin/b", "several commands"],
    ["/bin/a %i", "specifier %i"],
    ['/bin/a "b', "not closed"],
    ["-", "no command"],
  ])("%s is rejected", (text, message) => {
    expect(() => parseCommandLine(text)).toThrow(message);
  });

  it("has no words if it is empty", () => {
    expect(splitWords("  ")).toEqual([]);
  });
});

describe("A span of time", () => {
  it.each([
    ["5", 5000],
    ["45min", 2_700_000],
    ["2h", 7_200_000],
    ["1h 30min", 5_400_000],
    ["100ms", 100],
    ["1.5s", 1500],
    ["infinity", Number.POSITIVE_INFINITY],
  ])("%s", (text, expected) => expect(parseTimeSpan(text)).toBe(expected));

  it.each(["soon", "", "5 parsecs", "-1"])("%j is invalid", (text) => {
    expect(() => parseTimeSpan(text)).toThrow("is not a span of time");
  });
});
