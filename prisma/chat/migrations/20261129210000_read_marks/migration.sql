-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "arrivals" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "arrival" INTEGER;

-- AlterTable
ALTER TABLE "participants" ADD COLUMN     "last_read" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "last_read_message_id" UUID;

-- Finds what came after a mark. Prisma does not describe partial indexes; what has not arrived needs no entry.
CREATE INDEX "messages_arrival_idx" ON "messages" ("conversation_id", "arrival") WHERE "arrival" IS NOT NULL;
