import { loadEnvironment } from "../../environments/load";
import { sharedSystem } from "../synthesis";
import { readable } from "./readable";

describe("stack vm-reader-role", () => {
  it.each(["demo", "production"])("of %s", (environment) => {
    const stack = sharedSystem(loadEnvironment(environment)).get("vm-reader-role");
    expect(stack && readable(stack)).toMatchSnapshot();
  });

  it("is the only stack that registers resource providers, a right on the subscription", () => {
    const registering = [...sharedSystem(loadEnvironment("demo"))].filter(([, stack]) =>
      JSON.stringify(stack.json["provider"]).includes("resource_providers_to_register"),
    );
    expect(registering.map(([name]) => name)).toEqual(["vm-reader-role"]);
  });
});
