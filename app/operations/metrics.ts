import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LifecycleEvent } from "../lifecycle-event";

/** Seconds, from a page in memory to a call that waits for Vault's deadline. */
const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics that Prometheus reads at /metrics. Labels hold routes and kinds, never a person's input. */
export class Metrics {
  private readonly registry = new Registry();

  private readonly requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Duration of requests by method, route and status.",
    labelNames: ["method", "route", "status"] as const,
    buckets,
    registers: [this.registry],
  });

  private readonly operations = new Histogram({
    name: "customer_store_duration_seconds",
    help: "Calls of the customer store, each at most one batch to Vault and a few statements to the database.",
    labelNames: ["operation", "outcome"] as const,
    buckets,
    registers: [this.registry],
  });

  private readonly events = new Counter({
    name: "lifecycle_events_total",
    help: "Events of tokens, leases, connections and the schema: logins, renewals, retries, failures.",
    labelNames: ["event"] as const,
    registers: [this.registry],
  });

  private readonly swaps = new Counter({
    name: "database_credentials_replaced_total",
    help: "Database users that Vault has created for this application.",
    registers: [this.registry],
  });

  private readonly tokenSeconds = new Gauge({
    name: "vault_token_granted_seconds",
    help: "Lifetime of the token, from Vault's answer to the last login or renewal.",
    registers: [this.registry],
  });

  private readonly leaseSeconds = new Gauge({
    name: "database_lease_granted_seconds",
    help: "Lifetime of the database lease, from Vault's answer to its creation or last renewal.",
    registers: [this.registry],
  });

  /** @param ofProcess adds memory, processor and event loop. Tests create many instances, so they switch it off */
  constructor({ ofProcess }: { ofProcess: boolean }) {
    if (ofProcess) collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  request(labels: { method: string; route: string; status: number }, seconds: number): void {
    this.requests.observe(labels, seconds);
  }

  operation(operation: string, outcome: string, seconds: number): void {
    this.operations.observe({ operation, outcome }, seconds);
  }

  lifecycleEvent(event: LifecycleEvent): void {
    this.events.inc({ event: event.event });
    if (event.event === "credentials") this.swaps.inc();
    if ("tokenSeconds" in event) this.tokenSeconds.set(event.tokenSeconds);
    if ("leaseSeconds" in event) this.leaseSeconds.set(event.leaseSeconds);
  }
}
