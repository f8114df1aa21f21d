import type { Check } from "./check";

/** Finds stacks that the stacks to deploy depend on, and that are neither deployed nor chosen. */
export const checkDependencies: Check = ({ stacks, states }) => {
  const chosen = new Set(stacks.map(({ name }) => name));
  return stacks.flatMap(({ name, dependencies }) => {
    const missing = dependencies.filter((one) => !chosen.has(one) && !states.get(one)?.isDeployed);
    if (missing.length === 0) return [];
    return [
      `Stack ${name} depends on ${missing.join(", ")}, which is not deployed. Add ${missing.map((one) => `--stack ${one}`).join(" ")}, or leave --stack out.`,
    ];
  });
};
