import { POSTGRES_TEST_URL } from '#platform/data/database/testing/test-database.ts';

export const REDIS_TEST_URL = process.env['REDIS_TEST_URL'] || undefined;

/** Why the distributed suites do not run here, for their titles; empty when they do. */
export const DISTRIBUTED_SKIPPED =
  POSTGRES_TEST_URL && REDIS_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL and REDIS_TEST_URL to run it]';
