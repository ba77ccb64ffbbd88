import type { ServerResponse } from 'node:http';
import type { Graph } from '../supergraph/graph.ts';
import { sendJson } from './pages.ts';

export interface Health {
  readonly ready: boolean;
  loaded(): void;
  stopping(): void;
  answer(response: ServerResponse): Promise<void>;
}

/** A subgraph that hangs must not hang the probe. */
const PATIENCE_MS = 3_000;

/**
 * Creates the handler of /health: 503 until the supergraph is served and while the gateway drains. A subgraph that is
 * down makes the gateway `degraded`, not unhealthy: restarting the gateway would not help, and the other fields are
 * answered.
 */
export function createHealth(options: { graph: Graph<object>; version?: string | undefined }): Health {
  let state: 'starting' | 'serving' | 'stopping' = 'starting';

  async function dependencies() {
    const transports = [...(options.graph.current?.transports ?? [])];
    return Object.fromEntries(
      await Promise.all(
        transports.map(async ([name, transport]) => {
          const late = new Promise<{ status: 'down'; detail: string }>((resolve) => {
            setTimeout(() => resolve({ status: 'down', detail: 'does not answer' }), PATIENCE_MS).unref();
          });
          return [name, await Promise.race([transport.health(), late])] as const;
        }),
      ),
    );
  }

  return {
    get ready() {
      return state === 'serving';
    },
    loaded() {
      state = 'serving';
    },
    stopping() {
      state = 'stopping';
    },
    async answer(response) {
      const found = state === 'serving' ? await dependencies() : {};
      const down = Object.values(found).some(({ status }) => status === 'down');
      sendJson(response, state === 'serving' ? 200 : 503, {
        status: state === 'serving' ? (down ? 'degraded' : 'healthy') : state,
        service: 'gateway',
        timestamp: new Date().toISOString(),
        ...(options.version !== undefined && { version: options.version }),
        ...(options.graph.current && { supergraph: options.graph.current.supergraph.id }),
        dependencies: found,
      });
    },
  };
}
