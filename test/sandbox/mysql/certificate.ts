import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Creates a CA and its certificate for localhost with openssl, and returns paths of PEM files. */
export function certificateFor(folder: string): { certificate: string; key: string; ca: string } {
  const [ca, caKey, certificate, key] = ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"].map((it) =>
    join(folder, it),
  ) as [string, string, string, string];
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const fresh = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  openssl(...fresh, "-subj", "/CN=Test CA", "-keyout", caKey, "-out", ca);
  const ext = [
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  ];
  openssl(
    ...fresh,
    "-subj",
    "/CN=localhost",
    ...ext,
    "-CA",
    ca,
    "-CAkey",
    caKey,
    "-keyout",
    key,
    "-out",
    certificate,
  );
  return { certificate, key, ca };
}
