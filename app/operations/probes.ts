import { operation } from "../web/api/operation";

/** Probes have no rate limit, because a rejected probe would take the application out of service. */
const options = { config: { rateLimit: false as const } };

/** The probes of App Service and of people. */
export const probes = [
  operation({
    method: "GET",
    path: "/healthz",
    id: "isAlive",
    summary: "Reports that the application runs",
    answers: { 200: "Health" },
    problems: [],
    options,
    handle: () => ({ status: "alive" }),
  }),

  operation({
    method: "GET",
    path: "/readyz",
    id: "isReady",
    summary: "Reports whether the application can work, with the reasons if it cannot",
    answers: { 200: "Readiness", 503: "Readiness" },
    problems: [],
    options,
    async handle(_request, reply, { application }) {
      const { ready, reasons, retryAfterSeconds } = await application.ready();
      if (!ready) reply.code(503).header("retry-after", retryAfterSeconds);
      return { status: ready ? "ready" : "not ready", reasons };
    },
  }),
];
