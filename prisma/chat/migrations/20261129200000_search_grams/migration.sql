-- Full-text search takes a text apart at spaces, so it finds no word inside a sentence of a script without spaces, and no
-- picture. Such runs of characters are found by each character and each pair of neighbours. The indexes hold what was
-- written before, too; building them takes about a second for 100,000 messages without such characters.
CREATE FUNCTION "search_grams"("body" TEXT) RETURNS TEXT[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT COST 1500
    AS $$ BEGIN
      IF body !~ '[\u0E00-\u0FFF\u1000-\u109F\u1780-\u17FF\u1950-\u1AAF\u2190-\u2BFF\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF66-\uFFDC\U0001F000-\U0003FFFF]' THEN
        RETURN '{}';
      END IF;
      RETURN ARRAY(
        SELECT DISTINCT gram FROM (
          SELECT one, one || lead(one) OVER (PARTITION BY place ORDER BY step) AS pair
          FROM regexp_matches(left(body, 150000), '([\u0E00-\u0FFF\u1000-\u109F\u1780-\u17FF\u1950-\u1AAF\u2190-\u2BFF\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF66-\uFFDC\U0001F000-\U0003FFFF]+)', 'g') WITH ORDINALITY AS runs(run, place),
            unnest(string_to_array(run[1], NULL)) WITH ORDINALITY AS chars(one, step)
        ) AS neighbours, LATERAL (VALUES (one), (pair)) AS grams(gram)
        WHERE gram IS NOT NULL
      );
    END $$;

CREATE INDEX "messages_grams_idx" ON "messages" USING gin ("search_grams"("text"));

CREATE INDEX "conversations_grams_idx" ON "conversations" USING gin ("search_grams"("title"));
