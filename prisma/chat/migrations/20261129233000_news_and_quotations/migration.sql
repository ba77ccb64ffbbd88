-- Another choice of tool servers is a setting too, and news to all who take part.
DROP TRIGGER "note_conversation_change" ON "conversations";

CREATE TRIGGER "note_conversation_change" AFTER UPDATE ON "conversations" FOR EACH ROW
  WHEN ((OLD.title, OLD.title_source, OLD.system_prompt, OLD.model, OLD.parameters, OLD.memory_enabled, OLD.tool_servers)
    IS DISTINCT FROM
    (NEW.title, NEW.title_source, NEW.system_prompt, NEW.model, NEW.parameters, NEW.memory_enabled, NEW.tool_servers))
  EXECUTE FUNCTION "note_conversation_change"();

-- The words of a deleted message are taken out of its event, too. Prisma does not describe partial indexes.
CREATE INDEX "outbox_events_message_idx" ON "outbox_events" ("aggregate") WHERE "type" = 'message.completed';
