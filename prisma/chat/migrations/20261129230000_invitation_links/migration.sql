-- CreateTable
CREATE TABLE "invitation_links" (
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "uses_left" INTEGER NOT NULL,
    "email" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "invitation_links_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "invitation_links_token_hash_key" ON "invitation_links"("token_hash");

-- CreateIndex
CREATE INDEX "invitation_links_conversation_id_id_idx" ON "invitation_links"("conversation_id", "id");

-- AddForeignKey
ALTER TABLE "invitation_links" ADD CONSTRAINT "invitation_links_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
