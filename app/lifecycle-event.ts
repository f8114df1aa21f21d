/** Events in the life of credentials, for logs and metrics. No event holds a secret. */
export type LifecycleEvent =
  | { event: "login"; role: string; tokenSeconds: number }
  | { event: "token-renewed"; tokenSeconds: number }
  | { event: "credentials"; user: string; leaseSeconds: number }
  | { event: "lease-renewed"; leaseSeconds: number }
  | { event: "pool-drained"; user: string }
  | { event: "certificate-renewed"; fingerprint: string }
  | { event: "configuration-changed" }
  | { event: "migrated"; version: number; name: string }
  | { event: "seeded"; customers: number }
  | { event: "retry"; what: string; reason: string; attempt: number }
  | { event: "failure"; what: string; reason: string };

export type OnEvent = (event: LifecycleEvent) => void;
