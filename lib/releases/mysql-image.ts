/** The MySQL that the sandbox runs by Docker, pinned to a version, of MySQL's long-term series 8.4. Not tried: no Docker daemon where this was written. */
export const MYSQL_IMAGE = "docker.io/library/mysql:8.4.7";
