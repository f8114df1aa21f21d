/**
 * The MySQL image for Docker: a pinned version of MySQL's long-term series 8.4. This project has never run it,
 * because no Docker daemon was available.
 */
export const MYSQL_IMAGE = "docker.io/library/mysql:8.4.7";
