import { type Fields, list, propertiesOf, text, valueAt } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ArmResource } from "../../model/world";
import { freeAddress, holdSubnet } from "./network";
import type { ResourceTypes, Writing } from "./resource-type";

/** Default values of the server parameters in the stacks. Source: MySQL 8.4, server system variables. */
const parameterDefaults: Readonly<Record<string, string>> = {
  require_secure_transport: "ON",
  tls_version: "TLSv1.2,TLSv1.3",
  long_query_time: "10.000000",
  slow_query_log: "OFF",
  audit_log_enabled: "OFF",
  audit_log_events: "CONNECTION",
};

export const mysqlTypes: ResourceTypes = {
  "microsoft.dbformysql/flexibleservers": {
    hidden: ["properties.administratorLoginPassword", "properties.createMode", "properties.sandboxAddress"],
    defaults: ({ existing }) => ({
      properties: {
        replicationRole: "None",
        replicaCapacity: 10,
        backup: { backupRetentionDays: 7, geoRedundantBackup: "Disabled" },
        highAvailability: { mode: "Disabled", state: "NotEnabled" },
        maintenanceWindow: { customWindow: "Disabled", dayOfWeek: 0, startHour: 0, startMinute: 0 },
        storage: {
          autoGrow: "Enabled",
          autoIoScaling: "Disabled",
          logOnDisk: "Disabled",
          iops: 360,
          storageSizeGB: 20,
        },
        network: { publicNetworkAccess: "Enabled" },
        availabilityZone: propertiesOf(existing)["availabilityZone"] ?? "1",
      },
    }),
    computed: serverFields,
    written: addStorageEndpoint,
    deleted: ({ store }, server) => {
      const subnet = subnetOf(server);
      if (subnet) holdSubnet(store, subnet);
    },
  },
  "microsoft.dbformysql/flexibleservers/databases": {
    defaults: () => ({ properties: { charset: "utf8mb4", collation: "utf8mb4_0900_ai_ci" } }),
  },
  "microsoft.dbformysql/flexibleservers/configurations": {
    putStatus: 200,
    implicit: ({ target }) => {
      const value = parameterDefaults[target.name];
      return value === undefined
        ? undefined
        : { properties: { value, defaultValue: value, source: "system-default" } };
    },
    computed: ({ target }) => ({
      properties: {
        defaultValue: parameterDefaults[target.name] ?? "",
        dataType: "Enumeration",
        isReadOnly: "False",
      },
    }),
  },
};

function serverFields({ id, sent, existing, store, target }: Writing): Fields {
  const subnet = subnetOf(sent);
  const address =
    text(propertiesOf(existing)["sandboxAddress"]) ?? (subnet ? freeAddress(store, subnet) : undefined);
  return {
    properties: {
      state: "Ready",
      fullyQualifiedDomainName: `${target.name}.mysql.database.azure.com`,
      ...(subnet && { network: { publicNetworkAccess: "Disabled" } }),
      sandboxAddress: address,
      databasePort: 3306,
      administratorLogin:
        propertiesOf(sent)["administratorLogin"] ?? propertiesOf(existing)["administratorLogin"],
    },
    systemData: { createdAt: new Date().toISOString(), createdBy: id },
  };
}

/**
 * Azure adds this service endpoint to the subnet of a server with private access. Source: facts of MySQL's
 * networking.
 */
function addStorageEndpoint({ store }: Writing, server: ArmResource): void {
  const subnetId = subnetOf(server);
  const subnet = subnetId === undefined ? undefined : store.get(subnetId);
  if (!subnet) return;
  const endpoints = list(propertiesOf(subnet)["serviceEndpoints"]);
  if (endpoints.some(({ service }) => sameId(String(service), "Microsoft.Storage"))) return;
  const added = { service: "Microsoft.Storage", locations: ["*"], provisioningState: "Succeeded" };
  store.put({ ...subnet, properties: { ...subnet.properties, serviceEndpoints: [...endpoints, added] } });
}

const subnetOf = (server: ArmResource): string | undefined =>
  text(valueAt(server, "properties.network.delegatedSubnetResourceId"));
