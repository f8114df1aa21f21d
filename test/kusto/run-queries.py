"""Runs Kusto queries on rows: JSON on standard input, the results as JSON on standard output.

Input: {"tables": {name: {column: type}}, "queries": {name: {"query": text, "window": window}},
"scenes": [{"rows": {table: [{...}]}, "queries": [name], "begins": {window: time}, "end": time}]}. Times are ISO 8601 text. The value
of a column of type dynamic is JSON text. Output: for each scene {name: [[...], ...]}.
"""

import json
import sys
import tempfile

import duckdb_kql

TYPES = {"string": "VARCHAR", "datetime": "TIMESTAMP", "real": "DOUBLE", "dynamic": "JSON"}


def create(database, name, columns):
    """Creates a table for all rows, and a table with the queries' name, which holds only the rows of a window."""
    shape = ", ".join(f'"{column}" {TYPES[kind]}' for column, kind in columns.items())
    for table in (name, f"all {name}"):
        database.execute(f'CREATE TABLE "{table}" ({shape})')


def fill(database, name, columns, rows):
    """Reads the rows from a file, because the engine needs much time for each single row."""
    database.execute(f'DELETE FROM "all {name}"')
    if not rows:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        for row in rows:
            file.write(json.dumps({column: row.get(column) for column in columns}) + "\n")
        file.flush()
        text = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
        values = ", ".join(f'CAST("{column}" AS {TYPES[kind]})' for column, kind in columns.items())
        database.execute(
            f'INSERT INTO "all {name}" SELECT {values} '
            f"FROM read_json('{file.name}', format = 'newline_delimited', columns = {{{text}}}, maximum_object_size = 67108864)"
        )


def show(database, name, begin, end):
    """Lets queries see only the rows of a window."""
    database.execute(f'DELETE FROM "{name}"')
    database.execute(
        f'INSERT INTO "{name}" SELECT * FROM "all {name}" '
        f"WHERE TimeGenerated BETWEEN CAST('{begin}' AS TIMESTAMP) AND CAST('{end}' AS TIMESTAMP)"
    )


def main():
    given = json.load(sys.stdin)
    database = duckdb_kql.connect()
    tables, queries = given["tables"], given["queries"]
    for name, columns in tables.items():
        create(database, name, columns)
    # Each query is translated once, because that takes longer than to run it.
    texts = {one["query"] for one in queries.values()}
    translated = {text: str(duckdb_kql.to_sql(text, schema=tables)) for text in texts}
    results = []
    for scene in given["scenes"]:
        found = {}
        for name, columns in tables.items():
            fill(database, name, columns, scene["rows"].get(name, []))
        for window, begin in scene["begins"].items():
            for name in tables:
                show(database, name, begin, scene["end"])
            for name in scene["queries"]:
                if queries[name]["window"] == window:
                    found[name] = database.execute(translated[queries[name]["query"]]).fetchall()
        results.append(found)
    json.dump(results, sys.stdout, default=str)


main()
