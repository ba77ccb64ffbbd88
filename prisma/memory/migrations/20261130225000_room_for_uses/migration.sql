-- Every reply notes the memories that served it. Where the page has room for the new row the indexes need not hear of
-- it. New pages keep a third for it.
ALTER TABLE "memories" SET (fillfactor = 67);
