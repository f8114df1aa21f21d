/** What of the way to its secrets works now. */
export type StepState =
  | { state: "works" }
  /** A sentence, without secrets. */
  | { state: "fails"; reason: string }
  /** It depends on a step that fails. */
  | { state: "unknown" };

/** How the application got to its secrets. Nothing in it is secret: no token, no password, no field of a customer. */
export interface SystemStatus {
  /** `vault`: the application logs in itself. `agent`: Vault Agent does, and renders the configuration. */
  way: "vault" | "agent";
  readiness: Readiness;
  steps: Readonly<Record<"identity" | "vault" | "database" | "encryption", StepState>>;
  /** Claims of the identity's token, by name (iss, aud, oid, tid, appid, xms_mirid …), or what Vault kept of them. */
  identity: Readonly<Record<string, string>>;
  vault: {
    address: string;
    /** The role that was logged in with. */
    role: string;
    policies: readonly string[];
    /** `batch` or `service`. */
    tokenType: string;
    /** Whole seconds; undefined while there is none. */
    tokenSecondsLeft: number | undefined;
    edition: "community" | "enterprise";
  };
  database: {
    host: string;
    name: string;
    /** The user that Vault made. */
    user: string;
    leaseId: string;
    leaseSecondsLeft: number | undefined;
    /** How often credentials were replaced since the start. */
    replacements: number;
  };
  transit: {
    key: string;
    /** The version that encrypts now; undefined where the workload may not read it. */
    latestVersion: number | undefined;
    /**
     * Rows by the version that their fields are encrypted with: behind it, `node rewrap.js` catches up. Undefined while the
     * database does not say.
     */
    rowsByVersion: Readonly<Record<number, number>> | undefined;
  };
}

export interface Readiness {
  ready: boolean;
  /** Why not, a sentence each, without secrets; empty when ready. */
  reasons: readonly string[];
  /** For Retry-After; whole seconds, at least 1. */
  retryAfterSeconds: number;
}
