import { Writable } from "node:stream";
import { DeploymentProgress } from "../../../scripts/deployment/deployment-progress";

it("A deployment's step says that it failed, and the end of the script says why", async () => {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const progress = new DeploymentProgress({ stream });
  const failure = new Error("no key");
  await expect(progress.step("Planning", () => Promise.reject(failure))).rejects.toBe(failure);
  expect(text).toMatch(/^Planning … failed after \d+\.\d s\n$/);
  expect(progress.told(failure)).toBe(false);
});
