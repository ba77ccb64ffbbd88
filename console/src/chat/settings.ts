import { useLocalStorage } from '@mantine/hooks';
import { useCallback } from 'react';
import type { ParametersFragment, ToolsToChooseQuery } from './chat.generated.ts';

/** A tool of the product. */
export type ServerTool = NonNullable<ToolsToChooseQuery['serverTools']>[number];

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

/** Returns the tools of the product that this browser offers, and what changes them. */
export function useServerTools(): readonly [readonly ServerTool[], (tools: readonly ServerTool[]) => void] {
  const [kept, keep] = useLocalStorage<readonly ServerTool[]>({ key: 'sextant:tools', defaultValue: [] });
  return [kept, useCallback((tools) => keep([...tools]), [keep])];
}
