import { scriptInProcess } from "../script-in-process";
import { answerOf } from "./answers-in-process";
import { DeploymentScene } from "./deployment-scene";

/**
 * Makes `scene.run()` run scripts in this process, with the answers of the scene's programs. `scene.start()` still starts a process.
 * A suite imports this file first.
 */
DeploymentScene.runInThisProcess = (scene, script, args = [], env = {}) =>
  scriptInProcess(script, args, {
    project: scene.project.folder,
    env: { ...scene.variables, ...env },
    certificate: scene.vault.certificate,
    answer: (program, its, start) => answerOf(scene.imitations, program, its, start),
  });
