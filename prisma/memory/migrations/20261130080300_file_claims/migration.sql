-- CreateTable
CREATE TABLE "file_claims" (
    "owner" TEXT NOT NULL,
    "token" UUID NOT NULL,
    "previous" UUID,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "file_claims_pkey" PRIMARY KEY ("owner")
);
