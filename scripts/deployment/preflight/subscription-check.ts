import type { Check } from "./check";

/**
 * Checks that the resources in the states are in az's subscription. In another one, Terraform would not find them and would create
 * everything again. An environment's file names no subscription, but its states do.
 */
export const checkSubscription: Check = ({ environment, login, states }) => {
  const { subscriptionId, subscriptionName } = login;
  const known = new Set([...states.values()].flatMap((state) => [...state.subscriptions]));
  return [...known]
    .filter((id) => id !== subscriptionId.toLowerCase())
    .map(
      (id) =>
        `The system ${environment.name} is in the subscription ${id}, but az works in ${subscriptionId} (${subscriptionName}). Run \`az account set --subscription ${id}\`, or create a new environment for this subscription.`,
    );
};
