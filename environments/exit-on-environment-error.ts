import { EnvironmentError } from "./environment-error";

/** Runs a program's main function. An unusable environment ends the program with its messages and exit code 1. */
export function exitOnEnvironmentError(main: () => void): void {
  try {
    main();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
