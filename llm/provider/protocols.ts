import type { Provider } from '../catalogue/catalogue.ts';
import type { Protocol } from './protocol.ts';

/** Returns the protocol of a provider. Those of single providers are loaded when they are used. */
export async function protocolOf({ api, type }: Pick<Provider, 'api' | 'type'>): Promise<Protocol> {
  if (api === 'responses') return (await import('./responses/protocol.ts')).RESPONSES;
  if (api === 'native' && type === 'anthropic') return (await import('./anthropic/protocol.ts')).ANTHROPIC;
  if (api === 'native' && type === 'gemini') return (await import('./gemini/protocol.ts')).GEMINI;
  return (await import('./chat/protocol.ts')).CHAT;
}
