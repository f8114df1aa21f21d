import Tokens, { type TokensSimple } from "@fastify/csrf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Forbidden } from "./failures";

/** Field of every form. */
export const tokenField = "_csrf";

/**
 * Forms have a token that belongs to a cookie of the same browser (double submit). Browsers send the cookie only with requests
 * of this site's own pages, and scripts cannot read it.
 */
export class FormTokens {
  private readonly tokens = new Tokens({}) as TokensSimple;
  private readonly cookieName: string;
  private readonly attributes: string;

  constructor({ behindHttps }: { behindHttps: boolean }) {
    // The prefix makes browsers refuse the cookie from any other host, subdomains included.
    this.cookieName = behindHttps ? "__Host-form-token" : "form-token";
    this.attributes = `Path=/; HttpOnly; SameSite=Strict${behindHttps ? "; Secure" : ""}`;
  }

  /** Returns the token for a form of the answer. A browser without the cookie gets the cookie. */
  create(reply: FastifyReply): string {
    const known = this.secretOf(reply.request);
    const secret = known ?? this.tokens.secretSync();
    if (!known) reply.header("set-cookie", `${this.cookieName}=${secret}; ${this.attributes}`);
    return this.tokens.create(secret);
  }

  /** Checks the token. Use it in `preValidation`, when the form is parsed. @throws {Forbidden} */
  readonly check = async (request: FastifyRequest): Promise<void> => {
    const secret = this.secretOf(request);
    const token = (request.body as Record<string, unknown> | undefined)?.[tokenField];
    if (!secret || typeof token !== "string" || !this.tokens.verify(secret, token)) {
      throw new Forbidden(
        "The form is too old or came from another site. Go back, reload the page, and send it again.",
      );
    }
  };

  private secretOf({ headers: { cookie = "" } }: FastifyRequest): string | undefined {
    const values = cookie.split(";").flatMap((pair) => {
      const [name, value] = pair.trim().split("=", 2);
      return name === this.cookieName && value && /^[\w-]{20,100}$/.test(value) ? [value] : [];
    });
    // If two cookies have this name, another site has set one.
    return values.length === 1 ? values[0] : undefined;
  }
}

const readingMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses changes that a browser sends on behalf of another site. It reads headers that no page can forge. Programs send
 * neither these headers nor a cookie.
 */
export async function checkOrigin(request: FastifyRequest): Promise<void> {
  if (readingMethods.has(request.method)) return;
  const { origin, "sec-fetch-site": site } = request.headers;
  const foreignSite = site !== undefined && site !== "same-origin" && site !== "none";
  if (foreignSite || (origin !== undefined && !isOwn(origin, request))) {
    throw new Forbidden(
      "The request comes from another site's page, and only this site's own pages may change anything.",
    );
  }
}

function isOwn(origin: string, { protocol, host }: FastifyRequest): boolean {
  return URL.canParse(`${protocol}://${host}`) && origin === new URL(`${protocol}://${host}`).origin;
}
