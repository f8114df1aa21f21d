/** A restore that scripts/restore requests from the VMs, once. */
export interface RestoreRequest {
  /** Time of the request: `20261126T030000Z`. */
  readonly time: string;
  /** Name in the snapshot store, or `newest`. */
  readonly snapshot: string;
  /** `force` restores even if Vault has newer data. `drill` restores into a second Vault, which then ends. */
  readonly kind: "restore" | "force" | "drill";
  /** Azure id of another environment's storage account that has the snapshot. Default: this environment's own. */
  readonly from?: string;
}
