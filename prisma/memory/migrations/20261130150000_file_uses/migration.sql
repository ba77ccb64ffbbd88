-- CreateTable
CREATE TABLE "file_uses" (
    "owner" TEXT NOT NULL,
    "signs" TEXT[],
    "signed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "other_at" TIMESTAMPTZ(3),

    CONSTRAINT "file_uses_pkey" PRIMARY KEY ("owner")
);
