-- What the file is, and what it was made from: format, version, commit, tree, time, tool, licence, home.
CREATE TABLE about (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE ecosystem (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- `lookup` is the name without what its registry does not tell apart, where that is another text than the name.
CREATE TABLE package (number INTEGER PRIMARY KEY, ecosystem INTEGER NOT NULL, name TEXT NOT NULL, lookup TEXT) STRICT;

-- Times are seconds since 1970 began. `kind` is NULL for malware, `summary` for the standard form.
CREATE TABLE record (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL COLLATE NOCASE, published INTEGER, modified INTEGER NOT NULL,
  withdrawn INTEGER, kind TEXT, confidence TEXT, summary TEXT
) STRICT;

-- Which packages a record is about; `ranges` as OSV has them, where they are not every version.
CREATE TABLE subject (
  record INTEGER NOT NULL, package INTEGER NOT NULL, ranges TEXT, PRIMARY KEY (record, package)
) STRICT, WITHOUT ROWID;

-- What a record says of versions: one of `version` and `range` is empty.
CREATE TABLE affected (
  package INTEGER NOT NULL, record INTEGER NOT NULL, version TEXT NOT NULL, range TEXT NOT NULL, since INTEGER,
  PRIMARY KEY (package, record, version, range)
) STRICT, WITHOUT ROWID;

CREATE TABLE alias (
  alias TEXT NOT NULL COLLATE NOCASE, record INTEGER NOT NULL, PRIMARY KEY (alias, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE purl (purl TEXT NOT NULL, package INTEGER NOT NULL, PRIMARY KEY (purl, package)) STRICT, WITHOUT ROWID;

CREATE TABLE indicator (
  value TEXT NOT NULL, type TEXT NOT NULL, record INTEGER NOT NULL, role TEXT, PRIMARY KEY (value, type, record)
) STRICT, WITHOUT ROWID;

-- Everything that stands; nothing withdrawn.
CREATE VIEW verdict (ecosystem, name, version, range, id, kind, since) AS
SELECT ecosystem.name, package.name, nullif(affected.version, ''), nullif(affected.range, ''), record.id,
  coalesce(record.kind, 'malware'), strftime('%Y-%m-%dT%H:%M:%SZ', affected.since, 'unixepoch')
FROM ecosystem
  JOIN package ON package.ecosystem = ecosystem.number
  JOIN affected ON affected.package = package.number
  JOIN record ON record.number = affected.record
  JOIN subject ON subject.record = affected.record AND subject.package = affected.package
WHERE record.withdrawn IS NULL;

-- Every report, the withdrawn ones too; `aliases` is a JSON array.
CREATE VIEW report (id, aliases, kind, confidence, summary, published, modified, withdrawn) AS
SELECT record.id, (SELECT json_group_array(alias.alias) FROM alias WHERE alias.record = record.number),
  coalesce(record.kind, 'malware'), record.confidence,
  coalesce(record.summary, (
    SELECT 'Malicious code in ' || package.name || ' (' || ecosystem.name || ')'
    FROM subject JOIN package ON package.number = subject.package JOIN ecosystem ON ecosystem.number = package.ecosystem
    WHERE subject.record = record.number LIMIT 1)),
  strftime('%Y-%m-%dT%H:%M:%SZ', record.published, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%SZ', record.modified, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%SZ', record.withdrawn, 'unixepoch')
FROM record;
