-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "tool_servers" TEXT[] DEFAULT ARRAY[]::TEXT[];
