import { migrationLock } from "../../app/database/migrate";

it.each([1, 46, 47, 60, 63, 64])(
  "the lock of migrations has a valid name for MySQL if the database's name has %d letters",
  (length) => {
    const database = "d".repeat(length);
    const lock = migrationLock(database);
    expect(lock.length).toBeLessThanOrEqual(64);
    expect(`${database}.schema_migrations`.endsWith(lock)).toBe(true);
    expect(lock).toContain("d.schema_migrations");
  },
);
