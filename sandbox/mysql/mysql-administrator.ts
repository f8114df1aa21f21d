import { UserError } from "../../lib/processes/user-error";

export interface MySqlAdministrator {
  readonly name: string;
  readonly password: string;
}

/**
 * The rights of the administrator in Azure Database for MySQL (flexible server). They do not include SUPER and FILE,
 * so statements that work here work there. Source: Microsoft, "Create users in Azure Database for MySQL".
 */
const PRIVILEGES = [
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES",
  "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW",
  "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER",
].join(", ");

/**
 * The statements of the first start, one per line, because MySQL before 8.0.18 requires this. They create an
 * administrator for host '%' (Vault's rotate-root alters exactly that account), and drop all other accounts that a
 * person could use. The slow query log starts last, so it cannot contain the password.
 *
 * @throws UserError for a name or password that SQL cannot represent
 */
export function administratorSql({ name, password }: MySqlAdministrator): string {
  const account = `${literal(name, "name")}@'%'`;
  return [
    `CREATE USER ${account} IDENTIFIED BY ${literal(password, "password")}`,
    `GRANT ${PRIVILEGES} ON *.* TO ${account} WITH GRANT OPTION`,
    "DROP USER IF EXISTS 'root'@'localhost'",
    "DROP USER IF EXISTS 'mysql'@'localhost'",
    "SET GLOBAL slow_query_log = ON",
  ]
    .map((statement) => `${statement};\n`)
    .join("");
}

function literal(text: string, what: string): string {
  if (text === "" || /[\0\n\r]/.test(text)) {
    throw new UserError(
      `The MySQL administrator's ${what} is empty or contains a line break. Choose another.`,
    );
  }
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
