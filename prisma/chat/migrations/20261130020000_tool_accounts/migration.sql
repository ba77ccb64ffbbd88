-- CreateTable
CREATE TABLE "tool_accounts" (
    "user_id" UUID NOT NULL,
    "server" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "refreshing_until" TIMESTAMPTZ(3),
    "connected_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tool_accounts_pkey" PRIMARY KEY ("user_id","server")
);

-- CreateTable
CREATE TABLE "tool_account_requests" (
    "state_hash" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "session_id" TEXT NOT NULL,
    "server" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tool_account_requests_pkey" PRIMARY KEY ("state_hash")
);

-- CreateTable
CREATE TABLE "tool_clients" (
    "id" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tool_clients_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "tool_account_requests_user_id_idx" ON "tool_account_requests"("user_id");

-- CreateIndex
CREATE INDEX "tool_account_requests_expires_at_idx" ON "tool_account_requests"("expires_at");
