/** A token of Vault, or a JSON web token. Cut off, it still shows its header, which begins with alg, typ, kid or x5t. */
export const tokenLike = /hv[bsr]\.|eyJ[\w-]{10,}\.eyJ|eyJ(?:hbGciOi|0eXAiOi|raWQiOi|4NXQiOi)/;
