-- AlterTable: what is there has been indexed, and so is what the version before stores beside this one.
ALTER TABLE "transcript_messages" ADD COLUMN "indexed" BOOLEAN NOT NULL DEFAULT true;
