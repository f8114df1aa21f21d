import type { Check } from "./check";

/** Stacks on which those to be deployed stand, and which are neither there nor among them. */
export const checkDependencies: Check = ({ stacks, states }) => {
  const chosen = new Set(stacks.map(({ name }) => name));
  return stacks.flatMap(({ name, dependencies }) => {
    const missing = dependencies.filter((one) => !chosen.has(one) && !states.get(one)?.isDeployed);
    if (missing.length === 0) return [];
    return [
      `The stack ${name} stands on ${missing.join(", ")}, not deployed yet; add ${missing.map((one) => `--stack ${one}`).join(" ")}, or leave --stack out.`,
    ];
  });
};
