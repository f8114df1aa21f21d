/** A token of Vault or a JSON web token. A random identifier cannot look like one by chance: it has no dots. */
export const tokenLike = /\bhv[bsr]\.[\w-]{20,}|\beyJ[\w-]{8,}\.eyJ/;
