-- AlterTable
ALTER TABLE "documents" ADD COLUMN     "pages_read" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "pages_to_read" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "passages" ADD COLUMN     "cells" TEXT,
ADD COLUMN     "line" INTEGER;
