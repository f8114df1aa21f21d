import { join } from "node:path";
import { LONGEST_FOLDER } from "../../../sandbox/machine/machine";
import { PREFIX } from "../../../sandbox/system/state-folder";
import { environments } from "../../properties/environments";

/** The random part of a `mkdtemp` name. */
const random = "XXXXXX";

describe("The folder of a VM with the longest name in an environment", () => {
  const { name = "", agentVms = [] } = environments.get("everything") ?? {};
  const longest = Math.max(...agentVms.map((vm) => `vm-${name}-${vm.name}-1`.length));

  it.each([
    ["the sandbox", join("/tmp", PREFIX + random, "machines")],
    ["the rehearsal", join("/tmp", `rehearsal-${random}`, "run/machines")],
  ])("is short enough for its sockets in %s", (_, folder) => {
    expect(longest).toBe("vm-".length + 10 + 1 + 24 + "-1".length);
    expect(folder.length + 1 + longest).toBeLessThanOrEqual(LONGEST_FOLDER);
  });
});
