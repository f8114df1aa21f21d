import { authorizationTypes } from "./authorization";
import { computeTypes } from "./compute";
import { keyVaultTypes } from "./key-vaults";
import { loadBalancerTypes } from "./load-balancers";
import { managedIdentityTypes } from "./managed-identities";
import { monitoringTypes } from "./monitoring";
import { mysqlTypes } from "./mysql";
import { networkTypes } from "./network";
import { privateEndpointTypes } from "./private-endpoints";
import { resourceGroupTypes } from "./resource-groups";
import type { ResourceTypes } from "./resource-type";
import { storageTypes } from "./storage";
import { webTypes } from "./web";

/** Every supported resource type. The sandbox refuses all others and logs them as unsupported. */
export const resourceTypes: ResourceTypes = {
  ...authorizationTypes,
  ...computeTypes,
  ...keyVaultTypes,
  ...loadBalancerTypes,
  ...managedIdentityTypes,
  ...monitoringTypes,
  ...mysqlTypes,
  ...networkTypes,
  ...privateEndpointTypes,
  ...resourceGroupTypes,
  ...storageTypes,
  ...webTypes,
};

/** Providers of these types, in Azure's spelling. */
export const resourceProviders = [
  "Microsoft.AlertsManagement",
  "Microsoft.Authorization",
  "Microsoft.Compute",
  "Microsoft.DBforMySQL",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.Resources",
  "Microsoft.Storage",
  "Microsoft.Web",
];
