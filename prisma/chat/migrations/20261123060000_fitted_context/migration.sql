-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "sent_from_message_id" UUID,
ADD COLUMN     "summarised_messages" INTEGER NOT NULL DEFAULT 0;
