import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { once } from '../../base/metrics/once.ts';

export interface JobMetrics {
  readonly outcomes: Counter<'owner' | 'kind' | 'outcome'>;
  readonly running: Gauge<'owner' | 'kind'>;
  readonly seconds: Histogram<'owner' | 'kind'>;
}

/** Returns the instruments of one registry; made once, however many owners of one process ask for them. */
export const jobMetrics = (registry: Registry): JobMetrics => once(registry, createJobMetrics);

function createJobMetrics(registry: Registry): JobMetrics {
  const registers = [registry];
  return {
    outcomes: new Counter({
      name: 'sextant_jobs_total',
      help: 'Attempts at background jobs by outcome: done, retried, parked, lost, released.',
      labelNames: ['owner', 'kind', 'outcome'],
      registers,
    }),
    running: new Gauge({
      name: 'sextant_jobs_running',
      help: 'Background jobs that this process is running.',
      labelNames: ['owner', 'kind'],
      registers,
    }),
    seconds: new Histogram({
      name: 'sextant_job_duration_seconds',
      help: 'Time of one attempt at a background job.',
      labelNames: ['owner', 'kind'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800],
      registers,
    }),
  };
}
