-- CreateTable
CREATE TABLE "invitations" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "invited_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateIndex
CREATE INDEX "invitations_user_id_conversation_id_idx" ON "invitations"("user_id", "conversation_id" DESC);

-- CreateIndex
CREATE INDEX "invitations_invited_by_id_user_id_idx" ON "invitations"("invited_by_id", "user_id");

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
