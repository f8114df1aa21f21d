import { RateLimit, requestsPerSecond } from "../../../constructs/vault/rate-limit";
import { synthesizeConstructs } from "../../synthesis";

describe("RateLimit", () => {
  it("counts each client address separately, over all of Vault", () => {
    const stack = synthesizeConstructs((scope) => new RateLimit(scope, "rate-limit"));
    expect(stack.only("vault_quota_rate_limit").attributes).toEqual({
      name: "each-client",
      path: "",
      rate: requestsPerSecond,
    });
  });
});
