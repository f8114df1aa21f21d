import { z } from "zod";
import { NoAnswer, Upstream } from "../../../scripts/upstream/upstream";
import { type Otherwise, RecordedSources } from "./recorded-sources";

const sources = RecordedSources.use();
const url = "https://example.com/api/thing?query=x";
const parent = "https://example.com/api";
const thing = z.object({ name: z.string() });

describe("Upstream", () => {
  it("reads JSON of the expected shape, and requests each address once", async () => {
    sources.recordings[url] = { json: { name: "vault", more: 1 } };
    const upstream = sources.upstream();
    expect(await Promise.all([upstream.json(url, thing), upstream.json(url, thing)])).toEqual([
      { name: "vault" },
      { name: "vault" },
    ]);
    expect(sources.requests).toEqual([`GET ${url}`]);
  });

  it.each<[Otherwise, string]>([
    ["absent", "example.com/api/thing answered 404"],
    ["broken", "example.com/api/thing answered 500"],
    ["web page", "example.com/api/thing answered with something that is not JSON"],
    ["cut off", "example.com cannot be reached"],
    ["empty", "example.com/api/thing answered with something that is not JSON"],
    ["other JSON", "example.com/api/thing answered with JSON of another shape (name: "],
    ["silent", "example.com did not answer within 0.2 s"],
  ])("counts a source that is %s as no answer", async (otherwise, message) => {
    sources.otherwise = otherwise;
    const error = await sources
      .upstream({ deadlineMs: otherwise === "silent" ? 200 : 10_000 })
      .json(url, thing)
      .catch((error) => error);
    expect(error).toBeInstanceOf(NoAnswer);
    expect(error.message).toContain(message);
  });

  it("tries a second time after an error of the source", async () => {
    sources.otherwise = "broken";
    await expect(sources.upstream().json(url, thing)).rejects.toThrow("500");
    expect(sources.requests).toHaveLength(2);
  });

  it("does not accept a web page instead of a file", async () => {
    sources.otherwise = "web page";
    for (const ask of [
      (upstream: Upstream) => upstream.bytes(url),
      (upstream: Upstream) => upstream.isThere(url, parent),
    ]) {
      await expect(ask(sources.upstream())).rejects.toThrow("a web page instead of a file");
    }
  });

  it("counts a file as gone only if its parent exists", async () => {
    sources.recordings[parent] = { json: {} };
    expect(await sources.upstream().isThere(url, parent)).toBe(false);
    expect(await sources.upstream().jsonIfThere(url, parent, thing)).toBeUndefined();
    sources.recordings = {};
    await expect(sources.upstream().isThere(url, parent)).rejects.toThrow("and example.com/api 404");
    await expect(sources.upstream().jsonIfThere(url, parent, thing)).rejects.toThrow(NoAnswer);
  });

  it("sends GitHub's token only to GitHub's API", async () => {
    const seen: Record<string, string | undefined> = {};
    const upstream = new Upstream({
      env: { GH_TOKEN: "made-up" },
      fetch: async (url, { headers }) => {
        seen[url] = headers["authorization"];
        return { status: 200, headers: new Headers(), body: new Blob(["{}"]).stream() };
      },
    });
    const addresses = [
      "https://api.github.com/repos/a/b",
      "https://api.github.com.example.com/",
      "https://osv.dev/",
    ];
    for (const address of addresses) await upstream.json(address, z.object({}));
    expect(Object.values(seen)).toEqual(["Bearer made-up", undefined, undefined]);
  });
});
