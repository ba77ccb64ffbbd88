import { describe, expect, it } from 'vitest';
import { connectAdmin } from './owner-session.ts';
import { POSTGRES_TEST_URL } from './testing/test-database.ts';

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`the owner of a database who cannot connect${skipped}`, () => {
  const to = (change: Partial<URL>): string => Object.assign(new URL(POSTGRES_TEST_URL!), change).href;

  it.each([
    [
      'a name that Postgres does not know',
      { username: 'no_user_of_sextant' },
      /refuses the user of DATABASE_URL \(.*no_user_of_sextant.*owner/,
    ],
    ['a database that is not there', { pathname: '/nothing_of_sextant' }, /does not exist: create it first/],
    ['a port where nothing listens', { port: '1' }, /cannot be reached/],
  ])('is told what is wrong, and not about roles that the command is to make: %s', async (_, change, said) => {
    await expect(connectAdmin(to(change))).rejects.toThrow(said);
    await expect(connectAdmin(to(change))).rejects.not.toThrow('sextant migrate');
  });
});
