-- CreateIndex
CREATE INDEX "memories_user_id_importance_id_idx" ON "memories"("user_id", "importance", "id");

-- What every prompt of a user holds is read before every reply; Prisma has no partial indexes.
CREATE INDEX "memories_instructions" ON "memories" ("user_id", "importance", "id") WHERE "kind" = 'INSTRUCTION';
CREATE INDEX "memories_pinned" ON "memories" ("user_id", "importance", "id") WHERE "pinned";
