-- A search without accents finds what is written with them: `cafe` finds "café". The marks of Latin and Greek letters are
-- taken off, and those of the Cyrillic "ё"; in other scripts a mark makes another letter. What was written before is
-- indexed again, which takes some seconds for 100,000 messages; texts without accents cost what they did.
CREATE FUNCTION "search_folded"("body" TEXT) RETURNS TEXT
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT COST 500
    AS $$ BEGIN
      IF body !~ '[\u00C0-\u03FF\u0401\u0451\u1E00-\u1FFF]' THEN
        RETURN body;
      END IF;
      RETURN normalize(regexp_replace(normalize(body, NFD), '([A-Za-z\u0370-\u03FF\u0415\u0435])[\u0300-\u036F]+', '\1', 'g'), NFC);
    END $$;

-- The bound of what is folded keeps the whole within the megabyte that Postgres allows.
CREATE OR REPLACE FUNCTION "search_document"("body" TEXT) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1500
    AS $$ DECLARE
      words tsvector := to_tsvector('pg_catalog.simple', left(body, 150000)) || to_tsvector('pg_catalog.english', left(body, 150000));
      folded TEXT := "search_folded"(left(body, 100000));
    BEGIN
      IF folded IS NOT NULL AND folded <> left(body, 100000) THEN
        RETURN words || to_tsvector('pg_catalog.simple', folded) || to_tsvector('pg_catalog.english', folded);
      END IF;
      RETURN words;
    END $$;

REINDEX INDEX "messages_search_idx";

REINDEX INDEX "conversations_search_idx";
