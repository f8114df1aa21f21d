import { bindingDeclarations, takesTags } from "./bindings";
import { environments, everyStack } from "./environments";
import { reviewedTypes } from "./reviewed-types";

describe("tags", () => {
  it.each(everyStack)(
    "%s, %s: every resource that accepts tags has the environment's tags",
    (environment, _, stack) => {
      const expected = {
        ...environments.get(environment)?.tags,
        environment: environments.get(environment)?.name,
        project: "vault-on-azure",
      };
      for (const { type, attributes, path } of stack.resources()) {
        const tags = reviewedTypes[type]?.tags ? expected : undefined;
        expect({ path, tags: attributes["tags"] }).toEqual({ path, tags });
      }
    },
  );

  it.each(Object.keys(reviewedTypes).filter((type) => /^(azurerm|vault|random)_/.test(type)))(
    "the table agrees with the provider's schema on %s",
    (type) => {
      expect(bindingDeclarations(type)).toContain(`readonly tfResourceType = "${type}"`);
      expect(reviewedTypes[type]?.tags).toBe(takesTags(type));
    },
  );
});
