import type { AzureRequest, Refusal } from "../server/service";
import { BadToken, bearerToken, type TokenIssuer } from "./token-issuer";

/**
 * The claims of whoever sends a request, by its token; noted in the request for the log.
 * @param refuse says in the service's own words why a token is refused
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
