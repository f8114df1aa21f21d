import { once } from "node:events";
import { createServer } from "node:net";
import { freePort, withFreePort } from "../../../sandbox/programs/free-port";

describe("freePort", () => {
  it("gives a port that a server can listen on", async () => {
    const server = createServer().listen(await freePort(), "127.0.0.1");
    await once(server, "listening");
    server.close();
  });
});

describe("withFreePort", () => {
  it("tries another port when somebody was faster", async () => {
    const tried: number[] = [];
    const port = await withFreePort(async (it) => {
      tried.push(it);
      if (tried.length < 3) throw new Error("listen tcp 127.0.0.1: bind: address already in use");
      return it;
    });
    expect(tried).toHaveLength(3);
    expect(port).toBe(tried[2]);
  });

  it("does not try again for another error", async () => {
    let calls = 0;
    const start = () => {
      calls++;
      return Promise.reject(new Error("no certificate"));
    };
    await expect(withFreePort(start)).rejects.toThrow("no certificate");
    expect(calls).toBe(1);
  });

  it("gives up after five", async () => {
    await expect(withFreePort(() => Promise.reject(new Error("EADDRINUSE")))).rejects.toThrow(
      "Other programs took five ports in a row",
    );
  });
});
