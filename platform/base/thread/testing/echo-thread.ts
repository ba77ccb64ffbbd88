import os from 'node:os';
import { threadId } from 'node:worker_threads';
import { CodedError } from '../../errors/errors.ts';
import { giveWay } from '../priority.ts';
import { serve } from '../thread-rpc.ts';

const methods = ({ greeting }: { greeting: string }) => ({
  greet: (name: string) => `${greeting}, ${name}`,
  refuse: (_: null): string => {
    throw new CodedError('BAD_USER_INPUT', 'name is missing', { argument: 'name' });
  },
  break: (_: null): string => {
    throw new TypeError('unexpected');
  },
  thread: (_: null): number => threadId,
  giveWay: (niceness: number): number => {
    giveWay(niceness);
    return os.getPriority();
  },
  exit: (_: null): never => process.exit(3),
  wait: (ms: number, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      setTimeout(() => resolve('waited'), ms);
      signal.addEventListener('abort', () => reject(new Error('aborted in the worker')));
    }),
});

export type EchoMethods = ReturnType<typeof methods>;

serve((data: { greeting: string }) => {
  if (data.greeting === '') throw new Error('there is no greeting');
  return methods(data);
});
