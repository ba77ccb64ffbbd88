-- Counts the replies to a person that have not ended, and holds the number until the transaction ends: what comes at the
-- same time, in whatever conversation and process, is counted one after another. It counts after it has the lock,
-- which a statement by itself cannot: that sees the database as it was when it began. A catalogue entry; no table is
-- locked.
--
-- Null: another transaction holds the number, and the caller does not wait.
CREATE FUNCTION "hold_unfinished_replies"("person" UUID, "waits" BOOLEAN) RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF waits THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('replies ' || person, 0));
  ELSIF NOT pg_try_advisory_xact_lock(hashtextextended('replies ' || person, 0)) THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT count(*)::int FROM messages WHERE requester_id = person AND status IN ('PENDING', 'STREAMING'));
END $$;
