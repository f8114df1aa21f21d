import { readdirSync } from "node:fs";
import { waitFor } from "../../../../lib/processes/wait-for";
import type { RunningSandbox } from "../running-sandbox";

/** This process's open files and sockets. The stand-in's proxies run in it. */
const open = (): number => readdirSync("/proc/self/fd").length;

export const connections = (running: RunningSandbox): void =>
  describe("The stand-in's proxy", () => {
    it("closes the connections of each request to Vault, so that a sandbox can run for days", async () => {
      const client = running.client();
      const before = open();
      for (let requests = 0; requests < 100; requests++)
        await client.request({ method: "GET", path: "sys/health" });
      await waitFor("the connections to close", () => open() < before + 20, { deadlineMs: 30_000 });
    });
  });
