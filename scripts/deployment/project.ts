import { join } from "node:path";

/** The project's folder: where cdktf runs. */
export const projectFolder = join(__dirname, "../..");

/** Where cdktf writes a stack and runs Terraform on it. */
export const stackFolder = (stack: string): string => join(projectFolder, "cdktf.out/stacks", stack);
