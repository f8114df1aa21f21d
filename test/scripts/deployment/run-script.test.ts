import { UserError } from "../../../lib/processes/user-error";
import { runScript } from "../../../scripts/deployment/run-script";

/** Runs the work as a script does, in this process. Returns its exit code and what it says. */
async function outcomeOf(work: () => Promise<void>): Promise<{ code: unknown; said: string }> {
  const said: string[] = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const exit = jest.spyOn(process, "exit").mockImplementation(() => undefined as never);
  await runScript(work);
  const code = exit.mock.lastCall?.[0];
  jest.restoreAllMocks();
  return { code, said: said.join("") };
}

// Each script listens for signals until it exits. These scripts share a process.
beforeEach(
  () => void process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM").removeAllListeners("SIGHUP"),
);

const fail = async () => {
  throw new UserError("Could not lock the storage account: .");
};

describe("A script", () => {
  it("that fails says why, and ends with 1", async () => {
    expect(await outcomeOf(fail)).toEqual({ code: 1, said: "Could not lock the storage account: .\n" });
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "was interrupted if %s arrives after the end of a program that it ended, too",
    async (signal, code) => {
      const outcome = await outcomeOf(() => {
        setImmediate(() => process.emit(signal));
        return fail();
      });
      expect(outcome).toEqual({ code, said: "Interrupted. Run the same command again to continue.\n" });
    },
  );
});
