-- Glossaries, categories and terms by type and by what people call them: each name is looked up when one of them is
-- made, renamed, moved or restored.
CREATE INDEX asset_by_glossary_name ON asset (type_name, json_extract(CAST(attributes AS TEXT), '$.name'))
WHERE type_name IN ('AtlasGlossary', 'AtlasGlossaryCategory', 'AtlasGlossaryTerm');
