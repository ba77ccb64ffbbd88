import { afterEach, expect, it, vi } from 'vitest';
import { identityOf } from './requester.ts';

afterEach(() => void vi.useRealTimers());

const requester = (userId: string) => ({ userId, roles: ['user'], scopes: ['chat:read'] });

it("a person's replies of one minute are written with the same identity, which others never get", () => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:01Z') });
  const first = identityOf(requester('a'));
  vi.setSystemTime(new Date('2026-01-01T00:00:59Z'));
  expect(identityOf(requester('a'))).toBe(first);
  expect(identityOf(requester('b'))).toMatchObject({ userId: 'b' });
  expect(identityOf({ ...requester('a'), scopes: ['chat:read', 'memory:read'] })).not.toBe(first);
});

it('an identity lasts a quarter of an hour at least, and a minute longer at most', () => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:01Z') });
  const { expiresAt } = identityOf(requester('a'));
  const lastsS = expiresAt - Date.now() / 1000;
  expect(lastsS).toBeGreaterThanOrEqual(900);
  expect(lastsS).toBeLessThanOrEqual(960);
  vi.setSystemTime(new Date('2026-01-01T00:01:01Z'));
  expect(identityOf(requester('a')).expiresAt).toBe(expiresAt + 60);
});
