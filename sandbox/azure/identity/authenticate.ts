import type { Refusal } from "../server/refusal";
import type { AzureRequest } from "../server/service";
import { BadToken, bearerToken, type TokenIssuer } from "./token-issuer";

/**
 * Verifies the token of a request, notes the caller for the log, and returns the claims.
 * @param refuse returns the service's own message for a refused token
 */
export function authenticate(
  request: AzureRequest,
  issuer: TokenIssuer,
  audiences: string[],
  refuse: (problem: BadToken) => Refusal,
): ReturnType<TokenIssuer["verify"]> {
  try {
    const claims = issuer.verify(bearerToken(request.headers.authorization), audiences);
    request.authenticatedAs = claims.oid;
    return claims;
  } catch (problem) {
    if (!(problem instanceof BadToken)) throw problem;
    throw refuse(problem);
  }
}
