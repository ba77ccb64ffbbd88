-- Adds the counts of one histogram to another: rollups of many calls are written by one statement. It is a catalogue
-- entry and locks no table; processes of the version before do not use it.
CREATE FUNCTION "add_histograms"("a" INTEGER[], "b" INTEGER[]) RETURNS INTEGER[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  bucket INTEGER := 0;
  amount INTEGER;
BEGIN
  FOREACH amount IN ARRAY b LOOP
    bucket := bucket + 1;
    IF amount <> 0 THEN a[bucket] := coalesce(a[bucket], 0) + amount; END IF;
  END LOOP;
  RETURN a;
END $$;
