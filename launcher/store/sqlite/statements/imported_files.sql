-- Files that `import --follow` has stored.

-- name: each_imported_file
-- doing: read which files are imported
SELECT source, name, size, modified, content, imported
FROM imported_file
WHERE source = ?1 AND (?2 IS NULL OR name = ?2)
ORDER BY name;

-- name: note_imported_file
-- doing: note that a file is imported
INSERT INTO imported_file (source, name, size, modified, content, imported)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (source, name) DO UPDATE
SET size = excluded.size, modified = excluded.modified, content = excluded.content, imported = excluded.imported
WHERE imported_file.content = ?7;
