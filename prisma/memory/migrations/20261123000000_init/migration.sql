-- CreateTable
CREATE TABLE "memories" (
    "id" UUID NOT NULL,
    "user_id" TEXT NOT NULL,
    "conversation_id" TEXT,
    "about" TEXT NOT NULL DEFAULT '',
    "text" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "slot" TEXT,
    "importance" DOUBLE PRECISION NOT NULL,
    "pinned" BOOLEAN NOT NULL DEFAULT false,
    "origin" TEXT NOT NULL,
    "extractor" TEXT,
    "source_message_id" TEXT,
    "quote" TEXT,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_until" TIMESTAMPTZ(3),
    "superseded_by_id" UUID,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memories_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contexts" (
    "id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "user_id" TEXT,
    "conversation_id" TEXT,
    "application" TEXT,
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "contexts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "documents" (
    "id" UUID NOT NULL,
    "owner_id" TEXT NOT NULL,
    "access" TEXT NOT NULL DEFAULT 'PRIVATE',
    "title" TEXT NOT NULL,
    "file_name" TEXT,
    "declared_type" TEXT NOT NULL,
    "content_type" TEXT,
    "original" TEXT,
    "size" INTEGER NOT NULL,
    "sha256" TEXT,
    "status" TEXT NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL DEFAULT 0,
    "problem_code" TEXT,
    "problem" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),

    CONSTRAINT "documents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "passages" (
    "id" UUID NOT NULL,
    "document_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "section" TEXT,
    "page" INTEGER,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,

    CONSTRAINT "passages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "transcript_messages" (
    "id" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "parent_id" TEXT,
    "role" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "transcript_messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT,
    "payload" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'WAITING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "done" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL DEFAULT 0,
    "problem" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "jobs_pkey" PRIMARY KEY ("id")
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
CREATE INDEX "memories_user_id_id_idx" ON "memories"("user_id", "id");

-- CreateIndex
CREATE INDEX "memories_user_id_fingerprint_idx" ON "memories"("user_id", "fingerprint");

-- CreateIndex
CREATE INDEX "memories_user_id_conversation_id_idx" ON "memories"("user_id", "conversation_id");

-- CreateIndex
CREATE INDEX "memories_source_message_id_idx" ON "memories"("source_message_id");

-- CreateIndex
CREATE INDEX "memories_superseded_by_id_idx" ON "memories"("superseded_by_id");

-- CreateIndex
CREATE INDEX "contexts_user_id_idx" ON "contexts"("user_id");

-- CreateIndex
CREATE INDEX "contexts_conversation_id_idx" ON "contexts"("conversation_id");

-- CreateIndex
CREATE INDEX "contexts_expires_at_idx" ON "contexts"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "contexts_scope_key_key" ON "contexts"("scope", "key");

-- CreateIndex
CREATE INDEX "documents_owner_id_id_idx" ON "documents"("owner_id", "id");

-- CreateIndex
CREATE INDEX "documents_access_id_idx" ON "documents"("access", "id");

-- CreateIndex
CREATE UNIQUE INDEX "passages_document_id_position_key" ON "passages"("document_id", "position");

-- CreateIndex
CREATE INDEX "transcript_messages_conversation_id_idx" ON "transcript_messages"("conversation_id");

-- CreateIndex
CREATE INDEX "transcript_messages_user_id_idx" ON "transcript_messages"("user_id");

-- CreateIndex
CREATE INDEX "jobs_state_run_after_idx" ON "jobs"("state", "run_after");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_id_key" ON "outbox_events"("id");

-- CreateIndex
CREATE INDEX "outbox_events_published_at_position_idx" ON "outbox_events"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_events_handled_at_idx" ON "inbox_events"("handled_at");

-- AddForeignKey
ALTER TABLE "passages" ADD CONSTRAINT "passages_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- At most one waiting job of a kind has a given key.
CREATE UNIQUE INDEX "jobs_waiting_key" ON "jobs" ("kind", "key") WHERE "state" = 'WAITING';

-- A user remembers the same thing once: superseded memories keep their place beside a later one that says it again.
CREATE UNIQUE INDEX "memories_said_once" ON "memories" ("user_id", "about", "fingerprint") WHERE "valid_until" IS NULL;
