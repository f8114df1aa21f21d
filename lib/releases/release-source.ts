import { HASHICORP_FINGERPRINT, HASHICORP_KEY_URL } from "./release-signature";

/** Where releases come from and who must have signed them; tests put a server of their own here. */
export interface ReleaseSource {
  readonly releasesUrl: string;
  readonly keyUrl: string;
  /** The signing key's fingerprint: 40 hexadecimal digits, upper case. */
  readonly fingerprint: string;
}

export const HASHICORP_RELEASES: ReleaseSource = {
  releasesUrl: "https://releases.hashicorp.com",
  keyUrl: HASHICORP_KEY_URL,
  fingerprint: HASHICORP_FINGERPRINT,
};
