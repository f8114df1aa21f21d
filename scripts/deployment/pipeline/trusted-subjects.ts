/** The GitHub environment whose approved jobs plan. */
export const planEnvironment = (environment: string): string => `${environment}-plan`;

/** The subjects of GitHub's tokens that each identity trusts, by the name of their federated credential. */
export function trustedSubjects(subject: string, environment: string) {
  return {
    deploy: { "github-environment": `${subject}:environment:${environment}` },
    plan: {
      "github-environment": `${subject}:environment:${planEnvironment(environment)}`,
      "github-main": `${subject}:ref:refs/heads/main`,
    },
  };
}
