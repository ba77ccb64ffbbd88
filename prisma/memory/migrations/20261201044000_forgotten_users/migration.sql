-- CreateTable
CREATE TABLE "forgotten_users" (
    "digest" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "forgotten_users_pkey" PRIMARY KEY ("digest")
);
