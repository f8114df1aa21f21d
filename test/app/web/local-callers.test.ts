import { execFile, spawnSync } from "node:child_process";
import type { AddressInfo } from "node:net";
import { describeUnless } from "../../sandbox/programs-there";
import { start } from "./web-client";

/** The command that runs a program as another user. Without root, as on GitHub's runners, it is sudo. */
const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
const missing =
  spawnSync("/usr/bin/env", [...asRoot, "setpriv", "--reuid=65534", "true"]).status === 0
    ? undefined
    : "Only root can run programs as other users; run the tests as root, or allow sudo.";

describeUnless(missing, "A server on loopback", () => {
  /** Runs curl as a user. Returns the answer's status, or 000 without an answer. */
  const statusFor = (user: number, port: number): Promise<string> =>
    new Promise((resolve) => {
      const change = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
      const curl = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"];
      execFile(
        "/usr/bin/env",
        [...asRoot, ...change, ...curl, `http://127.0.0.1:${port}/healthz`],
        (_, stdout) => resolve(stdout),
      );
    });

  const listening = async (onLoopback: boolean): Promise<number> => {
    const { server } = await start({ onLoopback });
    await server.listen({ host: "127.0.0.1", port: 0 });
    return (server.server.address() as AddressInfo).port;
  };

  it.each([
    ["root", 0],
    ["its own user", process.getuid?.() ?? 0],
    ["a person", 1000],
    ["a person of Entra ID", 1_534_872_011],
  ])("answers %s", async (_, user) => {
    expect(await statusFor(user, await listening(true))).toBe("200");
  });

  it.each([
    ["a service's user", 33],
    ["a user that systemd made for a service", 61_200],
    ["nobody", 65_534],
  ])("does not answer %s", async (_, user) => {
    expect(await statusFor(user, await listening(true))).toBe("000");
  });

  it("is checked only on a VM, because elsewhere the network decides", async () => {
    expect(await statusFor(65_534, await listening(false))).toBe("200");
  });
});
