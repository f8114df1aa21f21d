import { GatheredCalls } from "../../app/encryption/gathered-calls";
import { callDeadlineMs } from "../../app/retry";

interface Sent {
  items: readonly string[];
  deadlineMs: number;
  answer: (results?: readonly string[]) => void;
  fail: (error: Error) => void;
}

/** Requests that wait until the test answers them. */
function heldRequests() {
  const sent: Sent[] = [];
  const calls = new GatheredCalls<string, string>(
    (items, deadlineMs) =>
      new Promise((resolve, reject) => {
        const answer = (results: readonly string[] = items.map((item) => `${item}!`)) => resolve(results);
        sent.push({ items, deadlineMs, answer, fail: reject });
      }),
  );
  const call = (...items: string[]) => calls.call(items);
  return { sent, call, items: () => sent.map(({ items }) => items.join(" ")) };
}

/** Lets all promises continue that can. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const many = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name}${index}`);

describe("Calls that are gathered", () => {
  afterEach(() => jest.useRealTimers());

  it("do not wait for each other while few are under way", () => {
    const { call, items } = heldRequests();
    for (const name of ["a", "b", "c", "d"]) void call(name);
    expect(items()).toEqual(["a", "b", "c", "d"]);
  });

  it("share the next request while four are under way, and each caller gets its own results in order", async () => {
    const { sent, call, items } = heldRequests();
    const first = ["a", "b", "c", "d"].map((name) => call(name));
    const later = [call("e", "f"), call(), call("g")];
    await settled();
    expect(sent).toHaveLength(4);
    sent[1]?.answer();
    await settled();
    expect(items().slice(4)).toEqual(["e f g"]);
    for (const { answer } of sent) answer();
    expect(await Promise.all(later)).toEqual([["e!", "f!"], [], ["g!"]]);
    expect(await Promise.all(first)).toEqual([["a!"], ["b!"], ["c!"], ["d!"]]);
  });

  it("share a request of at most 400 items, unless a single caller has more", async () => {
    const { sent, call } = heldRequests();
    const busy = many(4, "busy").map((name) => call(name));
    const later = [many(250, "a"), many(150, "b"), many(1, "c"), many(500, "d"), many(2, "e")].map((items) =>
      call(...items),
    );
    for (let answered = 0; answered < 8; answered++) {
      sent[answered]?.answer();
      await settled();
    }
    expect(sent.slice(4).map(({ items }) => items.length)).toEqual([400, 1, 500, 2]);
    expect((await Promise.all(later)).map(({ length }) => length)).toEqual([250, 150, 1, 500, 2]);
    await Promise.all(busy);
  });

  it("fail together with their request, and the next ones go on", async () => {
    const { sent, call, items } = heldRequests();
    const failing = [call("a"), call("b"), call("c"), call("d"), call("e"), call("f")].map((one) =>
      one.catch((error: Error) => error.message),
    );
    sent[0]?.fail(new Error("Vault is sealed."));
    await settled();
    sent[4]?.fail(new Error("Vault is still sealed."));
    for (const { answer } of sent.slice(1, 4)) answer();
    expect(await Promise.all(failing)).toEqual([
      "Vault is sealed.",
      ["b!"],
      ["c!"],
      ["d!"],
      "Vault is still sealed.",
      "Vault is still sealed.",
    ]);
    const next = call("g");
    expect(items().at(-1)).toBe("g");
    sent.at(-1)?.answer();
    expect(await next).toEqual(["g!"]);
  });

  it.each([[["a!"]], [["a!", "b!", "c!"]], [[]]])(
    "fail if two items have the results %j, so that no caller gets another one's",
    async (results) => {
      const { sent, call } = heldRequests();
      const answer = call("a", "b");
      sent[0]?.answer(results);
      await expect(answer).rejects.toThrow(`2 items have ${results.length} results.`);
    },
  );

  it("have no more time if they wait, but the time of the one that waited longest", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    const { sent, call } = heldRequests();
    for (const name of ["a", "b", "c", "d"]) void call(name);
    void call("e");
    jest.advanceTimersByTime(1_500);
    void call("f");
    jest.advanceTimersByTime(500);
    sent[0]?.answer();
    await settled();
    expect(sent.map(({ deadlineMs }) => deadlineMs)).toEqual([
      ...many(4, "").map(() => callDeadlineMs),
      callDeadlineMs - 2_000,
    ]);
  });

  it("have a moment left if they waited for too long", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    const { sent, call } = heldRequests();
    for (const name of ["a", "b", "c", "d", "e"]) void call(name);
    jest.advanceTimersByTime(2 * callDeadlineMs);
    sent[0]?.answer();
    await settled();
    expect(sent[4]?.deadlineMs).toBe(1);
  });
});
