import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../mutant";

const project = join(__dirname, "../../..");

/** Removes each directive of each unit on the VMs. */
export const confinementMutants: readonly Mutant[] = readdirSync(join(project, "cloud-init"), {
  recursive: true,
  encoding: "utf8",
})
  .filter((file) => /\/systemd\/.*\.(service|timer|mount|conf)$|device\.conf$/.test(file))
  .sort()
  .flatMap((name) => {
    const file = `cloud-init/${name}`;
    const text = readFileSync(join(project, file), "utf8");
    const directives = text.match(/^[A-Z]\w*=.*$/gm) ?? [];
    return directives
      .filter((line) => !/^(Description|Documentation)=/.test(line))
      .map((line) => ({
        what: `without ${line}`,
        file,
        find: `\n${line}\n`,
        put: "\n",
        tests: ["cloud-init/directives"],
      }));
  });
