import { App, TerraformStack } from "cdktf";

/** The lowest possible cost of a program with these bindings: it loads them (its arguments) and synthesizes seven empty stacks. */
for (const binding of process.argv.slice(2)) require(binding);
const app = new App({ stackTraces: false });
for (let number = 1; number <= 7; number++) new TerraformStack(app, `stack-${number}`);
app.synth();
