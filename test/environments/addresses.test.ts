import { contains, halves, overlap } from "../../environments/addresses";

describe("The halves of a network", () => {
  it.each([
    ["10.20.5.0/28", "10.20.5.0/29", "10.20.5.8/29"],
    ["10.20.5.240/28", "10.20.5.240/29", "10.20.5.248/29"],
    ["10.20.5.0/24", "10.20.5.0/25", "10.20.5.128/25"],
    ["10.20.4.0/23", "10.20.4.0/24", "10.20.5.0/24"],
    ["127.77.0.0/16", "127.77.0.0/17", "127.77.128.0/17"],
    ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9"],
    ["192.168.7.254/31", "192.168.7.254/32", "192.168.7.255/32"],
  ])("of %s are %s and %s", (whole, lower, upper) => {
    expect(halves(whole)).toEqual([lower, upper]);
    expect([contains(whole, lower), contains(whole, upper), overlap(lower, upper)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
