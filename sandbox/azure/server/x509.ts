// The library below needs this polyfill before its own import, and only has this way to get it.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

/** The library for certificates, ready for use. */
export { x509 };

/** Starts a little in the past, for clocks that differ. */
export function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 10 * 60 * 1000), notAfter: new Date(Date.now() + lifetimeMs) };
}

/** 16 random bytes, positive and without a leading zero. */
export function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
