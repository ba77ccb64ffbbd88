-- CreateEnum
CREATE TYPE "ViewerNoticeKind" AS ENUM ('GONE', 'INVITATION', 'FOLDERS');

-- AlterTable
ALTER TABLE "participants" ADD COLUMN     "added" xid8 NOT NULL DEFAULT pg_current_xact_id(),
ADD COLUMN     "changed" xid8 NOT NULL DEFAULT pg_current_xact_id();

-- CreateTable
CREATE TABLE "viewer_notices" (
    "user_id" UUID NOT NULL,
    "about_id" UUID NOT NULL,
    "kind" "ViewerNoticeKind" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed" xid8 NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT "viewer_notices_pkey" PRIMARY KEY ("user_id","about_id","kind")
);

-- CreateIndex
CREATE INDEX "viewer_notices_user_id_changed_idx" ON "viewer_notices"("user_id", "changed");

-- CreateIndex
CREATE INDEX "viewer_notices_at_idx" ON "viewer_notices"("at");

-- CreateIndex
CREATE INDEX "participants_user_id_changed_idx" ON "participants"("user_id", "changed");

-- Says which transaction changed a row, whatever statement it was, a restored backup included: only so can a reader who
-- comes back be told exactly what its snapshot did not see. Times and counters do not stand in the order of commits.
CREATE FUNCTION "note_participant_change"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.changed := pg_current_xact_id();
  IF TG_OP = 'INSERT' THEN NEW.added := NEW.changed; END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "note_participant_change" BEFORE INSERT OR UPDATE ON "participants"
  FOR EACH ROW EXECUTE FUNCTION "note_participant_change"();

CREATE FUNCTION "note_viewer_notice"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.changed := pg_current_xact_id();
  RETURN NEW;
END $$;

CREATE TRIGGER "note_viewer_notice" BEFORE INSERT OR UPDATE ON "viewer_notices"
  FOR EACH ROW EXECUTE FUNCTION "note_viewer_notice"();

-- A title or a setting is news to all who take part.
CREATE FUNCTION "note_conversation_change"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE participants SET activity_at = activity_at WHERE conversation_id = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER "note_conversation_change" AFTER UPDATE ON "conversations" FOR EACH ROW
  WHEN ((OLD.title, OLD.title_source, OLD.system_prompt, OLD.model, OLD.parameters, OLD.memory_enabled)
    IS DISTINCT FROM (NEW.title, NEW.title_source, NEW.system_prompt, NEW.model, NEW.parameters, NEW.memory_enabled))
  EXECUTE FUNCTION "note_conversation_change"();
