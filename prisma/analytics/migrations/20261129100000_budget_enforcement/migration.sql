-- AlterTable
ALTER TABLE "budgets" ADD COLUMN     "enforcement" TEXT NOT NULL DEFAULT 'SOFT';
