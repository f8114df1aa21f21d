import { everyStack } from "./environments";
import { reviewedDataSources, reviewedTypes } from "./reviewed-types";

describe("credentials that a provider itself writes into the state", () => {
  it.each(everyStack)("%s, %s: every resource type was reviewed", (_environment, _name, stack) => {
    const types = new Set(stack.resources().map(({ type }) => type));
    const sentences = [...types]
      .filter((type) => !(type in reviewedTypes))
      .map(
        (type) =>
          `${type} was not reviewed: read in its documentation which credentials it exports, disable them, and add it to test/properties/reviewed-types.ts and, with a credential, to docs/security.md.`,
      );
    expect(sentences).toEqual([]);
  });

  it.each(everyStack)("%s, %s: every data source was reviewed", (_environment, _name, stack) => {
    const sentences = stack
      .data()
      .filter(({ type }) => !reviewedDataSources.includes(type))
      .map(
        ({ type }) =>
          `data.${type} was not reviewed: its attributes go into the state. If none is a secret, add it to test/properties/reviewed-types.ts. Otherwise read it with an ephemeral resource.`,
      );
    expect(sentences).toEqual([]);
  });

  it.each(everyStack)(
    "%s, %s: each stays out of the state, or opens nothing",
    (_environment, _name, stack) => {
      const live = stack
        .resources()
        .filter(({ type, attributes }) => reviewedTypes[type]?.credential?.worthless(attributes) === false)
        .map(({ type, path }) => `${path}: ${reviewedTypes[type]?.credential?.what}`);
      expect(live).toEqual([]);
    },
  );

  it("are checked in types that exist: the table has no unused row", () => {
    const used = new Set(everyStack.flatMap(([, , stack]) => stack.resources().map(({ type }) => type)));
    // The certificate of `everything` already exists, and the others are generated.
    expect(Object.keys(reviewedTypes).filter((type) => !used.has(type))).toEqual([]);
  });

  it("are reported when a setting changes", () => {
    const app = everyStack.flatMap(([, , stack]) => stack.resources("azurerm_linux_web_app"))[0];
    const credential = reviewedTypes["azurerm_linux_web_app"]?.credential;
    const open = { ...app?.attributes, webdeploy_publish_basic_authentication_enabled: true };
    expect(credential?.worthless(app?.attributes ?? {})).toBe(true);
    expect(credential?.worthless(open)).toBe(false);
  });
});
