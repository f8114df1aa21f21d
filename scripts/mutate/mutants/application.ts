import { mutantsOf } from "../mutant";

/** Mistakes in the web application. */
export const applicationMutants = [
  ...mutantsOf(
    "app/database/pools.ts",
    ["app/database-tls"],
    [
      [
        "the application accepts any database server's certificate",
        "rejectUnauthorized: true",
        "rejectUnauthorized: false",
      ],
      [
        "the application accepts any name of a database server",
        "verifyIdentity: true",
        "verifyIdentity: false",
      ],
      ["the application speaks TLS 1.0 to its database", 'minVersion: "TLSv1.2"', 'minVersion: "TLSv1"'],
      ["the application trusts only the system's roots", "...(rootsPem && { ca: rootsPem }),", ""],
      ["the application speaks to its database in clear", "      ssl: databaseTls(login),\n", ""],
    ],
  ),
  ...mutantsOf(
    "app/web/pages/paging.ts",
    ["app/web/customer-pages"],
    [
      ["the last page is empty", "Math.ceil(total / pageSize)", "Math.floor(total / pageSize) + 1"],
      ["the last page is missing", "Math.ceil(total / pageSize)", "Math.floor(total / pageSize)"],
      ["there is always a next page", "page.page < last", "page.page <= last"],
      ["the first page has one before it", "page.page > 1 ?", "page.page >= 1 ?"],
    ],
  ),
  ...mutantsOf(
    "app/vault/trust.ts",
    ["app/vault-trust"],
    [
      [
        "the application accepts any certificate of Vault",
        "timeout: connectTimeoutMs,",
        "timeout: connectTimeoutMs, rejectUnauthorized: false,",
      ],
      [
        "the system's roots vouch for Vault",
        "this.#trusted.length > 0 ? this.#trusted : undefined",
        "undefined",
      ],
    ],
  ),
  ...mutantsOf(
    "app/web/request-forgery.ts",
    ["app/web/security"],
    [
      ["scripts read the form's secret", "HttpOnly; ", ""],
      ["other sites' forms bring the secret", "SameSite=Strict", "SameSite=None"],
      ["forms need no token", "!this.tokens.verify(secret, token)", "false"],
      ["other sites' pages change data", "if (foreignSite ||", "if ("],
      ["any origin changes data", "!isOwn(origin, request)", "false"],
      ["a subdomain sets the secret", '"__Host-form-token"', '"form-token"'],
    ],
  ),
  ...mutantsOf(
    "app/web/security-headers.ts",
    ["app/web/security"],
    [
      ["pages run scripts", "defaultSrc: [\"'none'\"]", "defaultSrc: [\"'self'\"]"],
      ["pages go into others' frames", "frameAncestors: [\"'none'\"]", "frameAncestors: [\"'self'\"]"],
      ["forms are sent elsewhere", "formAction: [\"'self'\"]", 'formAction: ["*"]'],
      ["a base leads elsewhere", "baseUri: [\"'none'\"]", 'baseUri: ["*"]'],
      ["caches keep customers", '"cache-control", "no-store"', '"cache-control", "private"'],
      ["browsers return over plain HTTP", "maxAge: 31_536_000", "maxAge: 0"],
    ],
  ),
  ...mutantsOf(
    "app/web/host-check.ts",
    ["app/web/security"],
    [
      ["any name leads to a VM's loopback", "if (isLoopback(hostname)) return;", "return;"],
      [
        "a name that begins like loopback is loopback",
        "(isIPv4(host) && host.startsWith",
        "(host.startsWith",
      ],
    ],
  ),
];
