import { expect, it } from 'vitest';
import { approvalsOf } from './conversation.ts';

it('only a reply that is complete asks for a yes: of one that was stopped, none can be given', () => {
  const call = { id: 'c', name: 'write', arguments: '{}', runsOn: 'SERVER', server: 'here' };
  const toolCalls = [
    { ...call, approval: { status: 'WAITING' } },
    { ...call, approval: { status: 'APPROVED' } },
    { ...call, approval: null },
  ];
  expect(approvalsOf({ status: 'COMPLETE', toolCalls })).toEqual([
    { id: 'c', name: 'write', arguments: '{}', server: 'here' },
  ]);
  expect(approvalsOf({ status: 'STOPPED', toolCalls })).toEqual([]);
});
