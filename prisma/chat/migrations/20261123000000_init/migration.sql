-- CreateEnum
CREATE TYPE "TitleSource" AS ENUM ('NONE', 'FIRST_WORDS', 'GENERATED', 'USER');

-- CreateEnum
CREATE TYPE "ParticipantRole" AS ENUM ('OWNER', 'MEMBER');

-- CreateEnum
CREATE TYPE "MessageRole" AS ENUM ('USER', 'ASSISTANT');

-- CreateEnum
CREATE TYPE "MessageStatus" AS ENUM ('PENDING', 'STREAMING', 'COMPLETE', 'INTERRUPTED', 'STOPPED', 'FAILED');

-- CreateEnum
CREATE TYPE "ChunkKind" AS ENUM ('TEXT', 'REASONING', 'PART');

-- CreateTable
CREATE TABLE "conversations" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "client_id" UUID,
    "title" TEXT,
    "title_source" "TitleSource" NOT NULL DEFAULT 'NONE',
    "system_prompt" TEXT,
    "model" TEXT,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "memory_enabled" BOOLEAN NOT NULL DEFAULT true,
    "active_root_id" UUID,
    "active_leaf_id" UUID,
    "message_count" INTEGER NOT NULL DEFAULT 0,
    "forked_from_message_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "participants" (
    "conversation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "ParticipantRole" NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "pinned_at" TIMESTAMPTZ(3),
    "archived_at" TIMESTAMPTZ(3),
    "activity_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "participants_pkey" PRIMARY KEY ("conversation_id","user_id")
);

-- CreateTable
CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "parent_id" UUID,
    "depth" INTEGER NOT NULL,
    "active_child_id" UUID,
    "role" "MessageRole" NOT NULL,
    "status" "MessageStatus" NOT NULL,
    "author_id" UUID,
    "client_message_id" UUID,
    "request_hash" TEXT,
    "text" TEXT NOT NULL DEFAULT '',
    "reasoning" TEXT,
    "tool_calls" JSONB NOT NULL DEFAULT '[]',
    "citations" JSONB NOT NULL DEFAULT '[]',
    "attachments" UUID[],
    "model" TEXT,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "offer" JSONB NOT NULL DEFAULT '{}',
    "requester_id" UUID,
    "requester" JSONB,
    "waits_for_id" UUID,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "heartbeat_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reply_chunks" (
    "message_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "kind" "ChunkKind" NOT NULL,
    "body" TEXT NOT NULL,

    CONSTRAINT "reply_chunks_pkey" PRIMARY KEY ("message_id","position")
);

-- CreateTable
CREATE TABLE "generations" (
    "message_id" UUID NOT NULL,
    "call_id" UUID NOT NULL,
    "alias" TEXT NOT NULL,
    "provider" TEXT,
    "deployment" TEXT,
    "provider_model" TEXT,
    "input_tokens" INTEGER NOT NULL,
    "cached_input_tokens" INTEGER NOT NULL,
    "output_tokens" INTEGER NOT NULL,
    "reasoning_tokens" INTEGER NOT NULL,
    "estimated" BOOLEAN NOT NULL,
    "cost" DECIMAL(24,12),
    "price_source" TEXT,
    "latency_ms" INTEGER NOT NULL,
    "time_to_first_token_ms" INTEGER,
    "tokens_per_second" DOUBLE PRECISION,
    "retries" INTEGER NOT NULL,
    "fallbacks" INTEGER NOT NULL,
    "cache" TEXT NOT NULL,
    "finish_reason" TEXT,
    "dropped_messages" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "generations_pkey" PRIMARY KEY ("message_id")
);

-- CreateTable
CREATE TABLE "outbox_events" (
    "position" BIGSERIAL NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "aggregate" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimed_until" TIMESTAMPTZ(3),
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "inbox_events" (
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "handled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "parked_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "problem" TEXT,
    "event" JSONB,

    CONSTRAINT "inbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "conversations_owner_id_client_id_key" ON "conversations"("owner_id", "client_id");

-- CreateIndex
CREATE INDEX "participants_user_id_activity_at_conversation_id_idx" ON "participants"("user_id", "activity_at" DESC, "conversation_id" DESC);

-- CreateIndex
CREATE INDEX "participants_user_id_conversation_id_idx" ON "participants"("user_id", "conversation_id" DESC);

-- CreateIndex
CREATE INDEX "messages_conversation_id_parent_id_id_idx" ON "messages"("conversation_id", "parent_id", "id");

-- CreateIndex
CREATE INDEX "messages_parent_id_id_idx" ON "messages"("parent_id", "id");

-- CreateIndex
CREATE INDEX "messages_status_requester_id_idx" ON "messages"("status", "requester_id");

-- CreateIndex
CREATE INDEX "messages_author_id_idx" ON "messages"("author_id");

-- CreateIndex
CREATE UNIQUE INDEX "messages_conversation_id_client_message_id_key" ON "messages"("conversation_id", "client_message_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_id_key" ON "outbox_events"("id");

-- CreateIndex
CREATE INDEX "outbox_events_published_at_position_idx" ON "outbox_events"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_events_handled_at_idx" ON "inbox_events"("handled_at");

-- AddForeignKey
ALTER TABLE "participants" ADD CONSTRAINT "participants_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_id_fkey" FOREIGN KEY ("conversation_id") REFERENCES "conversations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reply_chunks" ADD CONSTRAINT "reply_chunks_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- Full-text search, which Prisma does not describe. Words as they are written find names and code, English stems find
-- inflections; a document's beginning is enough, and keeps it under the megabyte that a tsvector may have.
CREATE FUNCTION "search_document"("body" TEXT) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT to_tsvector('pg_catalog.simple', left(body, 150000)) || to_tsvector('pg_catalog.english', left(body, 150000)) $$;

CREATE INDEX "messages_search_idx" ON "messages" USING gin ("search_document"("text"));

CREATE INDEX "conversations_search_idx" ON "conversations" USING gin ("search_document"("title"));
