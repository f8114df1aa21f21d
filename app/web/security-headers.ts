import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/** Browser features that no page uses. */
const refusedFeatures = [
  "accelerometer",
  "autoplay",
  "camera",
  "display-capture",
  "encrypted-media",
  "fullscreen",
  "geolocation",
  "gyroscope",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-get",
  "screen-wake-lock",
  "usb",
  "xr-spatial-tracking",
];

const permissionsPolicy = refusedFeatures.map((feature) => `${feature}=()`).join(", ");

/**
 * Sets headers of every answer. A page may load its own style sheet and icon. It may not run a script, and no site may frame it.
 * Caches may not keep it, unless its route says otherwise.
 */
export async function securityHeaders(
  server: FastifyInstance,
  { behindHttps }: { behindHttps: boolean },
): Promise<void> {
  await server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // `no-referrer` would make browsers send `Origin: null` with forms, so the server could not check the origin.
    referrerPolicy: { policy: "same-origin" },
    strictTransportSecurity: behindHttps ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    xFrameOptions: { action: "deny" },
    xXssProtection: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xDnsPrefetchControl: false,
  });
  server.addHook("onRequest", async (_request, reply) => {
    reply.header("permissions-policy", permissionsPolicy).header("cache-control", "no-store");
  });
}
