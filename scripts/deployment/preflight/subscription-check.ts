import type { Check } from "./check";

/**
 * Whether what the states know is in the subscription that az works in: Terraform would miss it there, and make all of it anew.
 * An environment's file names no subscription, so its states do.
 */
export const checkSubscription: Check = ({ environment, login, states }) => {
  const { subscriptionId, subscriptionName } = login;
  const known = new Set([...states.values()].flatMap((state) => [...state.subscriptions]));
  return [...known]
    .filter((id) => id !== subscriptionId.toLowerCase())
    .map(
      (id) =>
        `The system ${environment.name} is in the subscription ${id}, but az works in ${subscriptionId} (${subscriptionName}); run \`az account set --subscription ${id}\`, or give what is to be made here an environment of its own.`,
    );
};
