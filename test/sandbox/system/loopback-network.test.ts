import { createServer, type Server } from "node:net";
import { ClaimedNetwork } from "../../../sandbox/system/loopback-network";

const opened: Server[] = [];
const claimed: ClaimedNetwork[] = [];

/** A network that a sandbox takes only if 200 other sandboxes run. */
const network = "127.219";

async function listen(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  opened.push(server);
}

async function claim(wanted?: typeof network): Promise<ClaimedNetwork> {
  const it = await ClaimedNetwork.claim(wanted);
  claimed.push(it);
  return it;
}

describe("ClaimedNetwork", () => {
  afterEach(async () => {
    await Promise.all(claimed.splice(0).map((it) => it.release()));
    await Promise.all(opened.splice(0).map((it) => new Promise((resolve) => it.close(resolve))));
  });

  it("gives each sandbox its own network, and no network of localhost", async () => {
    const [one, two] = [await claim(), await claim()];
    expect(one.network).not.toBe(two.network);
    expect([one, two].map((it) => Number(it.network.split(".")[1])).filter((it) => it < 20)).toEqual([]);
  });

  it("gives a kept sandbox its previous network", async () => {
    expect((await claim(network)).network).toBe(network);
  });

  it("gives a network to one sandbox at a time", async () => {
    const first = await claim(network);
    await expect(claim(network)).rejects.toThrow(
      "One of the ports 8200, 8201, 3306 is taken on 127.219.0.0/16. Stop the program that listens there (perhaps another sandbox of the same folder).",
    );
    await first.release();
    claimed.splice(0);
    await claim(network);
  });

  it.each([
    ["127.219.0.1", 8201],
    ["127.219.1.4", 8200],
    ["127.219.255.254", 3306],
  ])("gives no network in which somebody listens on %s:%i", async (host, port) => {
    await listen(host, port);
    await expect(claim(network)).rejects.toThrow("is taken on 127.219.0.0/16");
    // The attempt leaves nothing.
    opened.splice(0).forEach((server) => void server.close());
    await claim(network);
  });

  it("ignores another port and another network", async () => {
    await listen("127.219.1.4", 8300);
    await listen("127.218.1.4", 8200);
    await claim(network);
  });
});
