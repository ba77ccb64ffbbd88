-- AlterTable
ALTER TABLE "collections" ADD COLUMN "object_count" INTEGER NOT NULL DEFAULT 0;
