import { loadEnvironment } from "../../environments/load";
import { synthesize } from "../../main";

/** Synthesizes the demo with the number of web apps in the argument, and prints the milliseconds without start-up. */
const count = Number(process.argv[2]);
const demo = loadEnvironment("demo");
const [webApp] = demo.webApps;
if (!webApp) throw new Error("environments/demo.json has no web app to multiply. Add one.");
const webApps = Array.from({ length: count }, (_, index) => ({ ...webApp, name: `webapp-${index + 1}` }));
const start = performance.now();
synthesize({ ...demo, webApps });
console.log(performance.now() - start);
