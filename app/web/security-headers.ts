import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/** No page uses any of these. */
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
  "web-share",
  "xr-spatial-tracking",
];

const permissionsPolicy = refusedFeatures.map((feature) => `${feature}=()`).join(", ");

/**
 * Headers of every answer: a page loads its own style sheet and icon, runs no script, goes into nobody's frame, and is not
 * kept by any cache unless its route says otherwise.
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
    // `no-referrer` would make browsers send `Origin: null` with forms, and the origin could not be checked.
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
