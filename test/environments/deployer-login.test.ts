import { applicationIdUri } from "../../environments/deployer-login";

it("The audience of a deployer's login is the app registration's default URI, in Entra's lower case", () => {
  const clientId = "77777777-7777-4777-8777-77777777ABCD";
  expect(applicationIdUri({ clientId, appRole: "Vault.Deploy" })).toBe(
    "api://77777777-7777-4777-8777-77777777abcd",
  );
});
