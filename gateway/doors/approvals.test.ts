import { expect, it } from 'vitest';
import { waitingOf } from './approvals.ts';

it('only a reply that is complete asks for a yes: of one that was stopped, none can be given', () => {
  const call = { id: 'c', name: 'write', arguments: '{}', runsOn: 'SERVER', server: 'here' };
  const expiresAt = '2026-12-01T00:00:00.000Z';
  const toolCalls = [
    { ...call, approval: { status: 'WAITING', expiresAt } },
    { ...call, approval: { status: 'APPROVED', expiresAt } },
    { ...call, approval: null },
  ];
  expect(waitingOf({ id: 'r', status: 'COMPLETE', toolCalls }, 'here')).toEqual({
    message: expect.stringMatching(/allows write: .*approveToolCall.*message r\), or here\.$/),
    calls: [{ id: 'c', name: 'write', arguments: '{}', server: 'here', expiresAt }],
  });
  expect(waitingOf({ id: 'r', status: 'STOPPED', toolCalls })).toBeUndefined();
});
