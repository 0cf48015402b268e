-- What the file is, and what it was made from: format, version, commit, tree, time, tool, licence, home.
CREATE TABLE about (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- `purl` is what the package URLs of its packages begin with where the rest is the name; NULL where none is so.
CREATE TABLE ecosystem (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, purl TEXT) STRICT;

-- What a report says of a package. A report on several packages has a row for each, the first of which has the `part` 0; one
-- on none has a row without a name. Times are seconds since 1970 began; lists are JSON arrays, NULL where empty.
-- `lookup` is the name without what its registry does not tell apart, where that is another text than the name.
-- `versions` has `*` for every version. `ranges` are written as `vers:`, and `events` has them as OSV does.
-- `since` is when each of them was first listed; where they differ, `since_each` is a list of the times of the versions,
-- and of those of the ranges. `kind` is NULL for malware, `summary` for the standard form.
CREATE TABLE said (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL COLLATE NOCASE, part INTEGER NOT NULL, ecosystem INTEGER, name TEXT,
  lookup TEXT, versions TEXT, ranges TEXT, events TEXT, since INTEGER, since_each TEXT, published INTEGER,
  modified INTEGER NOT NULL, withdrawn INTEGER, kind TEXT, confidence TEXT, summary TEXT, aliases TEXT
) STRICT;

-- `said` in these three is the first row of a report, and in `purl` the one on the package.
CREATE TABLE alias (
  alias TEXT NOT NULL COLLATE NOCASE, said INTEGER NOT NULL, PRIMARY KEY (alias, said)
) STRICT, WITHOUT ROWID;

-- Package URLs, without a version, that are not what their ecosystem's begin with and the name.
CREATE TABLE purl (purl TEXT NOT NULL, said INTEGER NOT NULL, PRIMARY KEY (purl, said)) STRICT, WITHOUT ROWID;

CREATE TABLE indicator (
  value TEXT NOT NULL, type TEXT NOT NULL, role TEXT NOT NULL, said TEXT NOT NULL, PRIMARY KEY (value, type, role)
) STRICT, WITHOUT ROWID;

-- Everything that stands; nothing withdrawn.
CREATE VIEW verdict (ecosystem, name, version, range, id, kind, since) AS
SELECT ecosystem.name, said.name, word.value, NULL, said.id, coalesce(said.kind, 'malware'),
  strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(said.since, json_extract(said.since_each, '$[0][' || word.key || ']')), 'unixepoch')
FROM ecosystem JOIN said ON said.ecosystem = ecosystem.number JOIN json_each(said.versions) AS word
WHERE said.withdrawn IS NULL
UNION ALL
SELECT ecosystem.name, said.name, NULL, word.value, said.id, coalesce(said.kind, 'malware'),
  strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(said.since, json_extract(said.since_each, '$[1][' || word.key || ']')), 'unixepoch')
FROM ecosystem JOIN said ON said.ecosystem = ecosystem.number JOIN json_each(said.ranges) AS word
WHERE said.withdrawn IS NULL;

-- Every report, the withdrawn ones too; `aliases` is a JSON array.
CREATE VIEW report (id, aliases, kind, confidence, summary, published, modified, withdrawn) AS
SELECT said.id, coalesce(said.aliases, '[]'), coalesce(said.kind, 'malware'), said.confidence,
  coalesce(said.summary, 'Malicious code in ' || said.name || ' (' || ecosystem.name || ')'),
  strftime('%Y-%m-%dT%H:%M:%SZ', said.published, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%SZ', said.modified, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%SZ', said.withdrawn, 'unixepoch')
FROM said LEFT JOIN ecosystem ON ecosystem.number = said.ecosystem
WHERE said.part = 0;
