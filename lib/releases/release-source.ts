import { HASHICORP_FINGERPRINT, HASHICORP_KEY_URL } from "./release-signature";

/** A server of releases and the key that signs them. Tests use a server of their own. */
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
