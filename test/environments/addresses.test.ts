import { contains, disjoint, halves, isPublic, overlap, usableAddresses } from "../../environments/addresses";

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

it.each([
  ["10.0.0.0/8", "10.0.0.0/16", true],
  ["10.0.0.0/16", "10.0.0.0/16", true],
  ["10.0.0.0/16", "10.0.0.0/8", false],
  ["10.0.0.0/16", "10.1.0.0/16", false],
])("%s contains %s: %s", (outer, inner, isInside) => {
  expect(contains(outer, inner)).toBe(isInside);
});

describe("Networks without overlaps", () => {
  it.each([
    [
      ["10.0.2.0/24", "10.0.1.0/24"],
      ["10.0.1.0/24", "10.0.2.0/24"],
    ],
    [
      ["10.0.1.0/24", "10.0.0.0/16", "10.1.0.0/16"],
      ["10.0.0.0/16", "10.1.0.0/16"],
    ],
    [["10.0.1.0/24", "10.0.1.0/24"], ["10.0.1.0/24"]],
    [[], []],
  ])("of %j are %j", (networks, fewest) => {
    expect(disjoint(networks)).toEqual(fewest);
  });
});

it.each([
  ["10.0.0.0/29", 3],
  ["10.0.0.0/28", 11],
  ["10.0.0.0/24", 251],
])("Azure gives machines of %s %i addresses", (subnet, count) => {
  expect(usableAddresses(subnet)).toBe(count);
});

it.each([
  ["20.1.2.3/32", true],
  ["203.0.113.0/24", true],
  ["0.0.0.0/0", true],
  ["10.0.0.0/8", false],
  ["172.16.0.0/12", false],
  ["192.168.1.0/24", false],
  ["100.64.0.0/10", false],
  ["127.0.0.1/32", false],
])("A firewall on the internet sees %s: %s", (network, isSeen) => {
  expect(isPublic(network)).toBe(isSeen);
});
