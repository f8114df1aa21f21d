import { type RegisterOperation, violations } from "../../../sandbox/system/register-history";

const write = (value: number, began: number, ended?: number): RegisterOperation => ({
  register: "r",
  kind: "write",
  value,
  began,
  ended,
});
const read = (value: number, began: number, ended: number): RegisterOperation => ({
  register: "r",
  kind: "read",
  value,
  began,
  ended,
});

describe("The checker of histories", () => {
  it.each<[string, RegisterOperation[]]>([
    ["one operation after the other", [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)]],
    ["a read during a write that returns the old value", [write(1, 0, 1), write(2, 2, 6), read(1, 3, 4)]],
    ["a read during a write that returns the new value", [write(1, 0, 1), write(2, 2, 6), read(2, 3, 4)]],
    ["a write of unknown outcome that took effect", [write(1, 0, 1), write(2, 2), read(2, 9, 10)]],
    ["a write of unknown outcome that had no effect", [write(1, 0, 1), write(2, 2), read(1, 9, 10)]],
    ["nothing yet", [read(0, 0, 1), write(1, 2, 3)]],
  ])("accepts %s", (_, history) => {
    expect(violations(history)).toEqual([]);
  });

  it.each<[string, RegisterOperation[], string]>([
    ["a lost write", [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)], "r: read 1 after 2 was acknowledged"],
    ["a register that was emptied", [write(1, 0, 1), read(0, 4, 5)], "r: read 0 after 1 was acknowledged"],
    [
      "a read that is older than an earlier read",
      [write(1, 0, 1), write(2, 2, 9), read(2, 3, 4), read(1, 5, 6)],
      "r: read 1 after 2 was read",
    ],
    [
      "a write of unknown outcome that appears and disappears",
      [write(1, 0, 1), write(2, 2), read(2, 3, 4), read(1, 5, 6)],
      "r: read 1 after 2 was read",
    ],
    ["a value from nowhere", [write(1, 0, 1), read(7, 2, 3)], "r: read 7 before it was written"],
    ["a value that is read too early", [read(1, 0, 1), write(1, 2, 3)], "r: read 1 before it was written"],
  ])("finds %s", (_, history, violation) => {
    expect(violations(history)).toEqual([violation]);
  });
});
