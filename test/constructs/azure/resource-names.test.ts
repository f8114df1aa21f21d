import { resourceName } from "../../../constructs/azure/resource-names";

describe("resourceName", () => {
  it("joins abbreviation, environment and the part that is unique among siblings", () => {
    expect(resourceName("vm", "demo", "agent-1")).toBe("vm-demo-agent-1");
    expect(resourceName("kv", "demo", "rec", "abc123")).toBe("kv-demo-rec-abc123");
    expect(resourceName("rg", "demo")).toBe("rg-demo");
  });
});
