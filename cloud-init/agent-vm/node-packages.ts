/**
 * NodeSource's apt repository, since Ubuntu 24.04 brings Node 18. The key is named by its whole fingerprint, as
 * HashiCorp's is (common/packages.ts). The version is that of App Service (constructs/azure/web-app.ts): one build, one Node.
 */
export const NODE_APT = {
  sources: {
    nodesource: {
      source: "deb [signed-by=$KEY_FILE] https://deb.nodesource.com/node_22.x nodistro main",
      keyid: "6F71F525282841EEDAF851B42F59B5F99B1BE0B4",
      keyserver: "hkps://keyserver.ubuntu.com:443",
    },
  },
} as const;
