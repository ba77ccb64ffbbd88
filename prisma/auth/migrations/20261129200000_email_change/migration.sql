-- AlterEnum
ALTER TYPE "TokenPurpose" ADD VALUE 'EMAIL_CHANGE';

-- AlterTable
ALTER TABLE "one_time_tokens" ADD COLUMN     "email" TEXT,
ADD COLUMN     "session_id" UUID;
