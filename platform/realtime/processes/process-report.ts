import { z } from 'zod';

/** A process of this installation, as it tells of itself. */
export const processReport = z.object({
  /** Name of the process: `gateway`, `chat`, or `sextant` for all in one. */
  service: z.string(),
  /** Tells processes of one name apart, as in logs and traces. */
  instance: z.string(),
  /** Gateway and subgraphs that it runs. */
  runs: z.array(z.string()),
  version: z.string().optional(),
  node: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** The parts it depends on, by name. */
  checks: z.record(z.string(), z.object({ status: z.enum(['up', 'down']), detail: z.string().optional() })),
  /** Subgraphs whose circuit is open here, or none of whose addresses answers. */
  unavailable: z.array(z.string()),
  /** How late the event loop was at most while it was looked at, in ms. */
  loopDelayMs: z.number(),
  /** Resident memory in bytes. */
  memoryBytes: z.number(),
  /** Subscriptions of clients that are open here. */
  subscriptions: z.number(),
  /** Whether its spans go to a collector. One of an earlier version does not say. */
  isTraced: z.boolean().default(false),
});

export type ProcessReport = z.infer<typeof processReport>;
