/** State of one step on the way to the application's secrets. */
export type StepState =
  | { state: "works" }
  /** A sentence, without secrets. */
  | { state: "fails"; reason: string }
  /** It depends on a step that fails. */
  | { state: "unknown" };

/** The steps with which the application gets its secrets. This contains no token, no password and no field of a customer. */
export interface SystemStatus {
  /** `vault`: the application logs in itself. `agent`: Vault Agent logs in and renders the configuration. */
  way: "vault" | "agent";
  readiness: Readiness;
  steps: Readonly<Record<"identity" | "vault" | "database" | "encryption", StepState>>;
  /** Claims of the identity's token, by name (iss, aud, oid, tid, appid, xms_mirid …), or the claims that Vault kept. */
  identity: Readonly<Record<string, string>>;
  vault: {
    address: string;
    /** The role of the login. */
    role: string;
    policies: readonly string[];
    /** `batch` or `service`. */
    tokenType: string;
    /** Whole seconds. Undefined if the application has no token. */
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
    /** The number of times that credentials were replaced since the start. */
    replacements: number;
  };
  transit: {
    key: string;
    /** The version that encrypts now. Undefined if the workload may not read it. */
    latestVersion: number | undefined;
    /**
     * Number of rows by the version that encrypted their fields. `node rewrap.js` updates older rows. Undefined while the
     * database does not answer.
     */
    rowsByVersion: Readonly<Record<number, number>> | undefined;
  };
}

export interface Readiness {
  ready: boolean;
  /** A sentence for each reason why it is not ready, without secrets. Empty when ready. */
  reasons: readonly string[];
  /** The value of Retry-After: whole seconds, at least 1. */
  retryAfterSeconds: number;
}
