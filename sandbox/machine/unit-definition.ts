import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UnitFile } from "./unit-file";

/** The folders of units. The first folder that has a unit wins. Source: systemd.unit(5), "Unit File Load Path". */
const UNIT_FOLDERS = ["/etc/systemd/system", "/usr/lib/systemd/system"];

/** A unit's name, its settings, and its relations to other units. */
export class UnitDefinition {
  readonly after: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
  readonly wants: ReadonlySet<string>;
  readonly requires: ReadonlySet<string>;
  /** Every unit that its file names. */
  readonly refersTo: ReadonlySet<string>;

  private constructor(
    readonly name: string,
    readonly file: UnitFile,
  ) {
    const units = (key: string): ReadonlySet<string> =>
      new Set(file.all("Unit", key).flatMap((line) => line.split(/\s+/)));
    const mounts = [...units("RequiresMountsFor")].flatMap(mountsOf);
    this.after = new Set([...units("After"), ...mounts]);
    this.before = units("Before");
    this.wants = units("Wants");
    this.requires = new Set([...units("Requires"), ...units("BindsTo"), ...mounts]);
    const timed = file.last("Timer", "Unit") ?? name.replace(/\.timer$/, ".service");
    this.refersTo = new Set(
      [this.after, this.before, this.wants, this.requires, units("OnFailure")].flatMap((it) => [...it]),
    ).add(timed);
  }

  /** Reads a unit with its drop-ins. Undefined if the unit does not exist. */
  static load(name: string, pathOf: (absolute: string) => string): UnitDefinition | undefined {
    const folders = UNIT_FOLDERS.map(pathOf);
    const path = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    if (path === undefined) return undefined;
    const texts = [path, ...folders.flatMap((folder) => dropIns(join(folder, `${name}.d`)))].map((file) => ({
      path: file,
      text: readFileSync(file, "utf8"),
    }));
    return new UnitDefinition(name, new UnitFile(texts));
  }

  /** True if `systemctl enable` makes the boot start it. */
  get startsAtBoot(): boolean {
    return this.file.all("Install", "WantedBy").length > 0;
  }

  /** True if it starts after the other. */
  isAfter(other: UnitDefinition): boolean {
    return this.after.has(other.name) || other.before.has(this.name);
  }
}

/** The units that may mount a path or a parent folder. Source: systemd.unit(5), "String Escaping for Inclusion in Unit Names". */
function mountsOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, index) => {
    const escaped = names.slice(0, index + 1).map((name) => name.replaceAll("-", "\\x2d"));
    return `${escaped.join("-")}.mount`;
  });
}

function dropIns(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".conf"))
    .sort()
    .map((name) => join(folder, name));
}
