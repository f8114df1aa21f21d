import { join } from "node:path";

/** The project's folder: where cdktf runs. */
export const projectFolder = join(__dirname, "../..");
