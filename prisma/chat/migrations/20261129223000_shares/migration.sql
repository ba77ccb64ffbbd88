-- CreateTable
CREATE TABLE "shares" (
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "leaf_id" UUID NOT NULL,
    "title" TEXT,
    "token_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "shares_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "shares_token_hash_key" ON "shares"("token_hash");

-- CreateIndex
CREATE INDEX "shares_conversation_id_id_idx" ON "shares"("conversation_id", "id");

-- AddForeignKey
ALTER TABLE "shares" ADD CONSTRAINT "shares_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
