import { useApolloClient } from '@apollo/client/react';
import { useLocalStorage } from '@mantine/hooks';
import { useCallback } from 'react';
import { OfferedToolsDocument, type OfferedToolsQuery, type ParametersFragment } from './chat.generated.ts';

/** A tool of the product. */
export type ServerTool = NonNullable<OfferedToolsQuery['serverTools']>[number];

/** Tools that look into what is kept about the person: a message that does without memory does without them. */
const OF_MEMORY: ReadonlySet<ServerTool> = new Set(['SEARCH_MEMORY', 'SEARCH_KNOWLEDGE']);

/** The way in which replies of a conversation are made. */
export interface ChatSettings {
  readonly toolServers: readonly string[];
  /** Offered with each message; the conversation does not keep them, the browser does. */
  readonly serverTools: readonly ServerTool[];
  readonly systemPrompt: string | null;
  readonly parameters: Parameters;
}

type Parameters = Partial<Omit<ParametersFragment, '__typename'>>;

interface Kept {
  readonly toolServers: readonly string[];
  readonly systemPrompt?: string | null;
  readonly parameters: ParametersFragment;
}

/** Returns the settings of a conversation; without one those of a conversation that has none yet. */
export function settingsOf(kept: Kept | null | undefined, serverTools: readonly ServerTool[]): ChatSettings {
  const { __typename, ...parameters }: Parameters & { __typename?: string } = kept?.parameters ?? {};
  return {
    toolServers: kept?.toolServers ?? [],
    serverTools,
    systemPrompt: kept?.systemPrompt ?? null,
    parameters,
  };
}

/** Returns the settings as inputs of the graph take them. */
export const inputOf = ({ toolServers, systemPrompt, parameters }: ChatSettings) => ({
  toolServers: [...toolServers],
  systemPrompt,
  parameters: { ...parameters, stop: parameters.stop && [...parameters.stop] },
});

/** Returns what was chosen and is there; all that was chosen as long as no person knows what is there. */
export const stillThere = <Name extends string>(
  chosen: readonly Name[],
  there: readonly Name[] | null | undefined,
): readonly Name[] => (there ? chosen.filter((name) => there.includes(name)) : chosen);

/** The tools of the product that this browser offers with each message. */
export interface ChosenTools {
  readonly tools: readonly ServerTool[];
  keep(tools: readonly ServerTool[]): void;
  /** Returns those that go with a message: what the server no longer offers would make it fail. */
  forMessage(usesMemory: boolean): Promise<ServerTool[]>;
}

/** Reads what the browser has kept; nothing, where an earlier version of the page has kept something else. */
function read(kept: string | undefined): readonly ServerTool[] {
  try {
    const tools: unknown = JSON.parse(kept ?? '[]');
    return Array.isArray(tools) ? (tools.filter((name) => typeof name === 'string') as ServerTool[]) : [];
  } catch {
    return [];
  }
}

/** Keeps the choice of tools of the product in the browser. */
export function useServerTools(): ChosenTools {
  const graph = useApolloClient();
  const [tools, set] = useLocalStorage<readonly ServerTool[]>({
    key: 'sextant:tools',
    defaultValue: [],
    deserialize: read,
  });
  const forMessage = useCallback(
    async (usesMemory: boolean) => {
      const wanted = tools.filter((name) => usesMemory || !OF_MEMORY.has(name));
      if (wanted.length === 0) return [];
      const { data } = await graph.query({ query: OfferedToolsDocument });
      return [...stillThere(wanted, data?.serverTools)];
    },
    [graph, tools],
  );
  return { tools, keep: useCallback((chosen) => set([...chosen]), [set]), forMessage };
}
