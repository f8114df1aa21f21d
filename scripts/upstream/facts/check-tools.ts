import type { Fact } from "../fact";
import { goModule, pythonPackage } from "../judges/check-tool";
import { vulnerabilities } from "../judges/vulnerabilities";
import { goTools, pythonPins } from "../project";

export function checkTools(): Fact[] {
  return [
    ...pythonPins().flatMap(({ value, usedIn }) => [
      pythonPackage(value, usedIn),
      vulnerabilities(
        { name: `PyPI ${value.name}: vulnerabilities`, value: value.version, usedIn },
        { ecosystem: "PyPI", ...value, cure: `Choose another version in ${usedIn[0]}.` },
      ),
    ]),
    ...goTools().flatMap(({ value, usedIn }) => [
      goModule({ name: `Go module ${value.path}`, usedIn }, value),
      vulnerabilities(
        { name: `Go module ${value.path}: vulnerabilities`, value: value.version, usedIn },
        {
          ecosystem: "Go",
          name: value.path,
          version: value.version.replace(/^v/, ""),
          cure: `Choose another version in ${usedIn[0]}.`,
        },
      ),
    ]),
  ];
}
