import { join } from "node:path";

/** The project's folder, in which cdktf runs. */
export const projectFolder = join(__dirname, "../..");

/** The folder in which cdktf writes a stack and runs Terraform on it. */
export const stackFolder = (stack: string): string => join(projectFolder, "cdktf.out/stacks", stack);
