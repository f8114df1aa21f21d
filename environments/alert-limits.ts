/** A disk of a node may be full by this many per cent. */
export const DISK_PERCENT = 80;

/** Vault may have this many leases: four fifths of the number above which it warns. Source: Vault, vault/expiration.go (maxLeaseThreshold). */
export const LEASES = 204_800;
