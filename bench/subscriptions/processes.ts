import { fork } from 'node:child_process';
import path from 'node:path';

/** What a process has used so far. */
export interface Usage {
  readonly cpuUs: number;
  readonly rss: number;
}

/** A process that serves subscriptions: server.ts says what the kinds are. */
export interface Server extends Disposable {
  readonly port: number;
  readonly url: string;
  usage(): Promise<Usage>;
}

export type Kind = 'ours' | 'library' | 'subgraph' | 'passed' | 'parsed';

export async function start(kind: Kind, upstream?: Server): Promise<Server> {
  const args = [kind, ...(upstream ? [String(upstream.port)] : [])];
  const child = fork(path.join(import.meta.dirname, 'server.ts'), args, { execArgv: ['--expose-gc'] });
  const answer = <T>() => new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  const { port } = await answer<{ port: number }>();
  return {
    port,
    url: `ws://127.0.0.1:${port}/graphql`,
    usage() {
      const usage = answer<Usage>();
      child.send('usage');
      return usage;
    },
    [Symbol.dispose]: () => child.disconnect(),
  };
}
