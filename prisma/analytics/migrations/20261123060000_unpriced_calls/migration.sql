-- AlterTable
ALTER TABLE "calls" ALTER COLUMN "cost" DROP NOT NULL;

-- AlterTable
ALTER TABLE "rollups" ADD COLUMN     "unpriced" INTEGER NOT NULL DEFAULT 0;
