-- AlterTable
ALTER TABLE "collections" ADD COLUMN "lost_count" INTEGER NOT NULL DEFAULT 0;
