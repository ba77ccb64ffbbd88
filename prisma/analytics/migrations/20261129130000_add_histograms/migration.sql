-- Adds the counts of one histogram to another: rollups of many calls are written by one statement. It is a catalogue
-- entry and locks no table; processes of the version before do not use it.
--
-- Histograms of rollups now begin at their first bucket, as in '[75:76]={1,2}', not at 1: a rollup of few calls is a
-- third of the size. Processes of the version before add to such a histogram rightly, and show wrong percentiles of it.
CREATE FUNCTION "add_histograms"("a" INTEGER[], "b" INTEGER[]) RETURNS INTEGER[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR bucket IN coalesce(array_lower(b, 1), 1)..coalesce(array_upper(b, 1), 0) LOOP
    IF b[bucket] <> 0 THEN a[bucket] := coalesce(a[bucket], 0) + b[bucket]; END IF;
  END LOOP;
  RETURN a;
END $$;

-- Room on each page for the next version of a row, which then needs no new entry in any index. Pages that are there stay
-- as they are until they are written again.
ALTER TABLE "rollups" SET (fillfactor = 80);
