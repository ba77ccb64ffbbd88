import { ActionIcon, Popover } from '@mantine/core';
import { Info } from 'lucide-react';
import { useFormat, useStrings } from '../strings/strings.tsx';
import type { ChatMessageFragment } from './chat.generated.ts';

/** Shows how a reply was made: what was sent to the model, what came back, how long it took and what it cost. */
export function HowMade({ message: { generation, citations } }: { readonly message: ChatMessageFragment }) {
  const { chat } = useStrings();
  const format = useFormat();
  if (!generation) return null;
  const { usage, cost, model, providerModel, tokensPerSecond, finishReason } = generation;
  /** What is mostly nothing is shown where there is something of it. */
  const some = (name: string, count: number): [string, string][] => (count > 0 ? [[name, format.number(count)]] : []);
  const rows: readonly (readonly [string, string])[] = [
    [chat.model, providerModel && providerModel !== model ? `${model} (${providerModel})` : model],
    [chat.tokens, `${format.number(usage.inputTokens)} / ${format.number(usage.outputTokens)}`],
    ...some(chat.cachedTokens, usage.cachedInputTokens),
    ...some(chat.reasoningTokens, usage.reasoningTokens),
    ...some(chat.given, citations.length),
    ...some(chat.summarised, generation.summarisedMessages),
    ...some(chat.dropped, generation.droppedMessages),
    [chat.cost, cost == null ? '–' : format.money(cost, 'USD')],
    [chat.duration, format.seconds(generation.latencyMs)],
    [chat.firstToken, format.seconds(generation.timeToFirstTokenMs)],
    ...some(chat.speed, tokensPerSecond ?? 0),
    ...some(chat.retries, generation.retries),
    ...(finishReason ? [[chat.finish, chat.finishes[finishReason]] as const] : []),
  ];
  return (
    <Popover position="top-start" withArrow>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={chat.info}>
          <Info size={14} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={chat.info}>
        <dl className="facts">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          {generation.cached && <div>{chat.fromCache}</div>}
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}
