import { DatabaseSecretBackendConnection } from "@cdktf/provider-vault/lib/database-secret-backend-connection";
import { DatabaseSecretBackendRole } from "@cdktf/provider-vault/lib/database-secret-backend-role";
import { GenericEndpoint } from "@cdktf/provider-vault/lib/generic-endpoint";
import { Mount } from "@cdktf/provider-vault/lib/mount";
import { Construct } from "constructs";
import { seconds } from "../../environments/duration";
import type { Environment } from "../../environments/schema";

export interface MysqlDatabaseEngineProps {
  host: string;
  databaseName: string;
  administrator: string;
  /** Ephemeral reference to the administrator's password. */
  password: string;
  /** A change makes Vault write and rotate the password again. */
  passwordVersion: number;
  roles: Environment["databaseRoles"];
}

/** The secrets engine `database`: it creates MySQL users on demand, each for the duration of its lease. */
export class MysqlDatabaseEngine extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: MysqlDatabaseEngineProps,
  ) {
    super(scope, id);
    const mount = this.createMount();
    const connection = this.connect(mount);
    const rotation = this.rotateRoot(mount, connection);
    for (const [name, role] of Object.entries(props.roles))
      this.addRole(mount, connection, rotation, name, role);
  }

  private createMount(): Mount {
    return new Mount(this, "mount", {
      path: "database",
      type: "database",
      description: "MySQL users on demand",
    });
  }

  /** Connects Vault to MySQL. `tls=true` verifies the server's certificate against the system's roots and its name. */
  private connect(mount: Mount): DatabaseSecretBackendConnection {
    const { host, administrator, password, passwordVersion, roles } = this.props;
    return new DatabaseSecretBackendConnection(this, "connection", {
      backend: mount.path,
      name: "mysql",
      allowedRoles: Object.keys(roles),
      verifyConnection: true,
      mysql: {
        connectionUrl: `{{username}}:{{password}}@tcp(${host}:3306)/?tls=true`,
        username: administrator,
        passwordWo: password,
        passwordWoVersion: passwordVersion,
        maxOpenConnections: 5,
        maxConnectionLifetime: 300,
      },
    });
  }

  /** Rotates the administrator's password, so that only Vault knows it. Runs again after each new password. */
  private rotateRoot(mount: Mount, connection: DatabaseSecretBackendConnection): GenericEndpoint {
    return new GenericEndpoint(this, "rotate-root", {
      path: `${mount.path}/rotate-root/${connection.name}`,
      dataJson: "{}",
      disableRead: true,
      disableDelete: true,
      lifecycle: {
        replaceTriggeredBy: [
          `${DatabaseSecretBackendConnection.tfResourceType}.${connection.friendlyUniqueId}.mysql[0].password_wo_version`,
        ],
      },
    });
  }

  private addRole(
    mount: Mount,
    connection: DatabaseSecretBackendConnection,
    rotation: GenericEndpoint,
    name: string,
    { privileges, defaultTtl, maxTtl }: Environment["databaseRoles"][string],
  ): void {
    new DatabaseSecretBackendRole(this, `role-${name}`, {
      backend: mount.path,
      name,
      dbName: connection.name,
      creationStatements: [
        "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
        `GRANT ${privileges.join(", ")} ON \`${this.props.databaseName}\`.* TO '{{name}}'@'%'`,
      ],
      // Vault's default statement fails forever (1269) after someone drops the user by hand.
      revocationStatements: ["DROP USER IF EXISTS '{{name}}'@'%'"],
      defaultTtl: seconds(defaultTtl),
      maxTtl: seconds(maxTtl),
      // No user is created with a password that a person could know.
      dependsOn: [rotation],
    });
  }
}
