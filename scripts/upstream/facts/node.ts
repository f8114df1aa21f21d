import { NODE_MAJOR } from "../../../app/node-version";
import { nodeRelease as nodeOfVms } from "../../../cloud-init/agent-vm/node-release";
import type { Fact } from "../fact";
import { endOfLife } from "../judges/end-of-life";
import { nodeRelease } from "../judges/node-release";
import { packageManifest, textIn } from "../project";

export function node(): Fact[] {
  const usedIn = ["cloud-init/agent-vm/node-release.ts"];
  const lines = new Map([
    [String(NODE_MAJOR), ["app/node-version.ts"]],
    [`.nvmrc ${textIn(".nvmrc", /(\d+)/)}`, [".nvmrc"]],
    [packageManifest().engines.node, ["package.json"]],
  ]);
  return [
    nodeRelease(
      {
        name: "Node.js of the VMs",
        usedIn,
        covers: ["nodejs.org", nodeOfVms.sha256 ?? ""],
      },
      {
        version: nodeOfVms.version,
        archive: nodeOfVms.archiveUrl.split("/").at(-1) ?? "",
        checksum: nodeOfVms.sha256 ?? "",
        setting: `Set the version and its checksum in ${usedIn[0]}`,
      },
    ),
    ...[...lines].map(([value, usedIn]) => {
      const line = /(\d+)/.exec(value)?.[1] ?? value;
      return endOfLife(
        { name: `Node.js ${line} in ${usedIn[0]}: end of life`, value: value.replace(".nvmrc ", ""), usedIn },
        { product: "nodejs", line, cure: `Choose a newer line in ${usedIn[0]}.` },
      );
    }),
  ];
}
