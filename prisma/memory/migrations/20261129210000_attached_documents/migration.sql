-- AlterTable
ALTER TABLE "documents" ADD COLUMN     "conversation_id" TEXT;

-- CreateIndex
CREATE INDEX "documents_conversation_id_idx" ON "documents"("conversation_id");
