-- AlterTable
ALTER TABLE "jobs" ADD COLUMN "user_id" TEXT NOT NULL DEFAULT '';

-- Waiting jobs by whose they are, in the order in which each comes; Prisma has no partial indexes.
CREATE INDEX "jobs_waiting_user" ON "jobs" ("user_id", "run_after", "id") WHERE "state" = 'WAITING';
