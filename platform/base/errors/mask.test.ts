import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { CodedError } from './errors.ts';
import { maskError } from './mask.ts';
import { isOutage } from './outage.ts';

const log = pino({ level: 'silent' });
const thrown = (originalError: Error) => new GraphQLError(originalError.message, { originalError });

/** As the client of the database throws them. */
const prismaError = (code: string, met?: object) =>
  Object.assign(new Error("Can't reach database server at db-17:5432"), {
    code,
    meta: { driverAdapterError: { cause: met } },
  });

describe('what a client sees of an error', () => {
  it.each([
    ['a server that is gone', prismaError('P1001')],
    ['a server that starts, found out in a query', prismaError('P2039', { kind: 'postgres', code: '57P03' })],
    ['a server that is gone, found out in raw SQL', prismaError('P2010', { kind: 'DatabaseNotReachable' })],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    ['a full disk of the server', prismaError('P2039', { kind: 'postgres', code: '53100' })],
    ['a server that became read-only', prismaError('P2010', { kind: 'postgres', originalCode: '25006' })],
    ['a full disk of ours', Object.assign(new Error('ENOSPC: db-17'), { code: 'ENOSPC' })],
    [
      'a full disk of the vector store',
      Object.assign(new Error('full: db-17'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }),
    ],
    ['all of it, further in', new Error('the page failed', { cause: prismaError('P2024') })],
  ])('is SERVICE_UNAVAILABLE for %s, and no word of where it is', (_, error) => {
    const masked = maskError(thrown(error), log);
    expect(masked.extensions['code']).toBe('SERVICE_UNAVAILABLE');
    expect(masked.message).not.toContain('db-17');
  });

  it('is an id for everything else, such as a mistake in SQL', () => {
    const mistake = prismaError('P2010', { kind: 'postgres', code: '42601' });
    expect(isOutage(mistake)).toBe(false);
    const masked = maskError(thrown(mistake), log);
    expect(masked.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) });
    expect(masked.message).not.toContain('db-17');
  });

  it('is what was meant for it', () => {
    const masked = maskError(thrown(new CodedError('NOT_FOUND', 'The page does not exist.')), log);
    expect(masked).toMatchObject({ message: 'The page does not exist.', extensions: { code: 'NOT_FOUND' } });
  });
});
