import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");
const page = readFileSync(join(root, "docs/symptoms.md"), "utf8");

/** The folders whose programs speak to people. */
const speaking = ["app", "cloud-init", "scripts/deployment"].map((folder) => allText(join(root, folder)));

function allText(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

/** The rows of all tables with this last column, without their heads. */
const rows = page
  .split("\n")
  .filter((line) => /^\| `/.test(line) && line.split(" | ").length === 4)
  .map((line) => line.slice(2, -2).split(" | ") as [string, string, string, string]);

describe("docs/symptoms.md", () => {
  it("has rows", () => expect(rows.length).toBeGreaterThan(30));

  it.each(
    rows.flatMap(([messages]) => [...messages.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message)),
  )("quotes a message that a program says: %s", (message) => {
    // What differs each time is not in the code.
    const parts = message.split("…").filter((part) => /\w/.test(part));
    const says = (text: string) => parts.every((part) => text.includes(part));
    expect(speaking.some(says)).toBe(true);
  });

  it.each(
    rows.filter(([, , , test]) => test !== "nothing").map(([message, , , test]) => [message, test] as const),
  )("names an existing test that plays %s", (_, test) => {
    const [, file = "", name] = /^`([^`]+)`(?:, "(.+)")?$/.exec(test) ?? [];
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
    expect(readFileSync(join(root, file), "utf8")).toContain(name ?? "");
  });

  it("links to sections that exist", () => {
    for (const [, file = "", anchor = ""] of page.matchAll(/\]\((\w[\w-]*\.md)(?:#([\w-]+))?\)/g)) {
      const text = readFileSync(join(root, "docs", file), "utf8");
      const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replace(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect([file, anchor, anchor === "" || anchors.includes(anchor)]).toEqual([file, anchor, true]);
    }
  });
});
