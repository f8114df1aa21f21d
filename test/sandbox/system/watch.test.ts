import { waitFor } from "../../../lib/processes/wait-for";
import type { PartState } from "../../../sandbox/system/parts";
import { Watch } from "../../../sandbox/system/watch";

describe("The watch over a sandbox", () => {
  it("sends requests that Vault logs rarely while everything works, and at each look if something fails", async () => {
    const looks = { app: 0, vault: 0 };
    let works = true;
    let pid = 1;
    const part = (name: "app" | "vault", isAudited: boolean) => ({
      name,
      isAudited,
      pid: () => pid,
      state: async () => {
        looks[name]++;
        return { works, text: "", pid };
      },
    });
    const parts = [part("app", true), part("vault", false)];
    const watch = Watch.start({ parts, say: () => {}, intervalMs: 1 });
    const until = (what: string, holds: () => boolean) =>
      waitFor(what, holds, { deadlineMs: 5_000, intervalMs: 1 });
    await until("many looks", () => looks.vault > 20);
    expect(looks.app).toBe(1);
    pid = 2;
    await until("a look at the new program", () => looks.app === 2);
    works = false;
    await until("looks at the failing part", () => looks.app > 10);
    watch.stop();
  });

  it("reports each failure and each recovery once, and nothing else", async () => {
    const states = new Map<string, PartState>([
      ["mysql", { works: true, text: "runs", pid: 1 }],
      ["vault", { works: true, text: "unsealed, active" }],
    ]);
    const lines: string[] = [];
    let looks = 0;
    const parts = [...states.keys()].map((name) => ({
      name,
      isAudited: false,
      pid: () => states.get(name)?.pid,
      state: async () => {
        looks++;
        return states.get(name) as PartState;
      },
    }));
    const watch = Watch.start({ parts, say: (line) => lines.push(line), intervalMs: 1 });
    const looksAgain = async () => {
      const before = looks;
      await waitFor("another look", () => looks > before + 2 * parts.length, {
        deadlineMs: 5_000,
        intervalMs: 1,
      });
    };
    await looksAgain();
    expect(lines).toEqual([]);
    states.set("vault", { works: false, text: "sealed" });
    await looksAgain();
    await looksAgain();
    states.set("vault", { works: true, text: "unsealed, active" });
    await looksAgain();
    states.set("mysql", { works: true, text: "runs", pid: 2 });
    await looksAgain();
    watch.stop();
    states.set("mysql", { works: false, text: "does not run" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}vault {2}sealed$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}vault {2}works again: unsealed, active$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}mysql {2}was restarted, and works again: runs$/),
    ]);
  });
});
