import type { Located } from "./judge";

/**
 * Findings for GitHub's code scanning. Each points to the stack that creates the resource, because no commit contains the
 * synthesized JSON. The same finding in two environments counts once. Source: OASIS, SARIF 2.1.0.
 */
export function sarif(findings: readonly Located[]): object {
  const distinct = [
    ...new Map(findings.map((finding) => [`${finding.check} ${finding.path}`, finding])).values(),
  ];
  const rules = [...new Map(distinct.map(({ check, name }) => [check, name]))];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "checkov",
            informationUri: "https://www.checkov.io",
            rules: rules.map(([id, name]) => ({ id, shortDescription: { text: name } })),
          },
        },
        results: distinct.map(({ check, name, stack, path }) => ({
          ruleId: check,
          level: "error",
          message: { text: `${path}: ${name}` },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: `stacks/${stack}.ts` }, region: { startLine: 1 } },
            },
          ],
          partialFingerprints: { resource: `${check} ${path}` },
        })),
      },
    ],
  };
}
