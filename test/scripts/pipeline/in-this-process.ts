import { scriptInProcess } from "../script-in-process";
import { PipelineProject } from "./pipeline-project";

/**
 * Makes `project.run()` run scripts in this process, with the project's answers. `project.start()` still starts a process. A suite imports this
 * file first.
 */
PipelineProject.runInThisProcess = async (project, script, args, env) => {
  const { code: status, ...output } = await scriptInProcess(script.replace(/^scripts\//, ""), args, {
    project: project.folder,
    env,
    answer: (program, its, { input }) => project.answer(program, its, input),
  });
  return { status, ...output };
};
