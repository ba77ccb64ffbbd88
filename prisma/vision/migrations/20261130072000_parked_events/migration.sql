-- The few events that are parked, of the many that are kept; Prisma has no partial indexes.
CREATE INDEX "inbox_events_parked" ON "inbox_events" ("parked_at") WHERE "parked_at" IS NOT NULL;
