-- CreateTable
CREATE TABLE "calls" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "user_id" TEXT NOT NULL,
    "api_key_id" TEXT,
    "conversation_id" TEXT,
    "message_id" TEXT,
    "operation" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "deployment" TEXT NOT NULL,
    "input_tokens" INTEGER NOT NULL,
    "cached_tokens" INTEGER NOT NULL,
    "output_tokens" INTEGER NOT NULL,
    "reasoning_tokens" INTEGER NOT NULL,
    "images" INTEGER NOT NULL DEFAULT 0,
    "estimated" BOOLEAN NOT NULL,
    "cost" DECIMAL(38,18) NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "latency_ms" DOUBLE PRECISION NOT NULL,
    "time_to_first_token_ms" DOUBLE PRECISION,
    "tokens_per_second" DOUBLE PRECISION,
    "retries" INTEGER NOT NULL,
    "fallbacks" INTEGER NOT NULL,
    "cache_hit" BOOLEAN NOT NULL,
    "outcome" TEXT NOT NULL,
    "error_code" TEXT,

    CONSTRAINT "calls_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rollups" (
    "interval" TEXT NOT NULL,
    "at" TIMESTAMPTZ(0) NOT NULL,
    "user_id" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "calls" INTEGER NOT NULL,
    "cache_hits" INTEGER NOT NULL,
    "input_tokens" BIGINT NOT NULL,
    "cached_tokens" BIGINT NOT NULL,
    "output_tokens" BIGINT NOT NULL,
    "reasoning_tokens" BIGINT NOT NULL,
    "images" INTEGER NOT NULL,
    "cost" DECIMAL(38,18) NOT NULL,
    "latency" INTEGER[],
    "time_to_first_token" INTEGER[],

    CONSTRAINT "rollups_pkey" PRIMARY KEY ("interval","at","user_id","operation","provider","model","outcome","currency")
);

-- CreateTable
CREATE TABLE "budgets" (
    "id" UUID NOT NULL,
    "user_id" TEXT NOT NULL DEFAULT '',
    "period" TEXT NOT NULL,
    "limit" DECIMAL(38,18) NOT NULL,
    "alert_at" DOUBLE PRECISION[],

    CONSTRAINT "budgets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "budget_alerts" (
    "budget_id" UUID NOT NULL,
    "period_start" TIMESTAMPTZ(0) NOT NULL,
    "share" DOUBLE PRECISION NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "budget_alerts_pkey" PRIMARY KEY ("budget_id","period_start","share")
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
CREATE INDEX "calls_user_id_at_id_idx" ON "calls"("user_id", "at", "id");

-- CreateIndex
CREATE INDEX "calls_at_id_idx" ON "calls"("at", "id");

-- CreateIndex
CREATE INDEX "calls_conversation_id_at_idx" ON "calls"("conversation_id", "at");

-- CreateIndex
CREATE INDEX "calls_message_id_idx" ON "calls"("message_id");

-- CreateIndex
CREATE INDEX "rollups_interval_user_id_at_idx" ON "rollups"("interval", "user_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "budgets_user_id_period_key" ON "budgets"("user_id", "period");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_id_key" ON "outbox_events"("id");

-- CreateIndex
CREATE INDEX "outbox_events_published_at_position_idx" ON "outbox_events"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_events_handled_at_idx" ON "inbox_events"("handled_at");

-- AddForeignKey
ALTER TABLE "budget_alerts" ADD CONSTRAINT "budget_alerts_budget_id_fkey" FOREIGN KEY ("budget_id") REFERENCES "budgets"("id") ON DELETE CASCADE ON UPDATE CASCADE;


