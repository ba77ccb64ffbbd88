import { Badge, Button, Code, Group, Paper, Text } from '@mantine/core';
import type { ReplyToolCall } from '@sextant/client';
import { useState } from 'react';
import { useFormat, useStrings } from '../strings/strings.tsx';

/** A call of a tool, as a stored message or a running reply has it. */
type Call = Pick<ReplyToolCall, 'id' | 'name' | 'arguments' | 'server' | 'approval' | 'result'>;

interface ToolCallsProps {
  readonly calls: readonly Call[];
  /** Whether the reply is whole: no call of one that was stopped or cut waits for anybody. */
  readonly isComplete: boolean;
  /** Whether this person decides on the calls that wait. */
  readonly isAsked: boolean;
  decide(callId: string, isAllowed: boolean): Promise<void>;
}

/** Shows the calls of tools that a reply makes: folded, or open where a person has to allow one. */
export function ToolCalls({ calls, isComplete, isAsked, decide }: ToolCallsProps) {
  return calls.map((call) =>
    isComplete && call.approval?.status === 'WAITING' ? (
      <Asks key={call.id} call={call} isAsked={isAsked} decide={(isAllowed) => decide(call.id, isAllowed)} />
    ) : (
      <Done key={call.id} call={call} />
    ),
  );
}

function Asks({ call, isAsked, decide }: { call: Call; isAsked: boolean; decide(isAllowed: boolean): Promise<void> }) {
  const { chat } = useStrings();
  const format = useFormat();
  const [isDeciding, setIsDeciding] = useState(false);
  const say = (isAllowed: boolean) => {
    setIsDeciding(true);
    void decide(isAllowed).finally(() => setIsDeciding(false));
  };
  return (
    <Paper withBorder p="sm" my="xs" role="group" aria-label={chat.asks(call.name)}>
      <Text fw={600}>{chat.asks(call.name)}</Text>
      <Code block my="xs">
        {readable(call.arguments)}
      </Code>
      {isAsked ? (
        <Group gap="xs">
          <Button size="compact-sm" disabled={isDeciding} onClick={() => say(true)}>
            {chat.allow}
          </Button>
          <Button size="compact-sm" variant="default" disabled={isDeciding} onClick={() => say(false)}>
            {chat.refuse}
          </Button>
          <Text size="sm" c="dimmed">
            {chat.asksHint(format.time(call.approval!.expiresAt))}
          </Text>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {chat.asksOther}
        </Text>
      )}
    </Paper>
  );
}

function Done({ call }: { call: Call }) {
  const { chat } = useStrings();
  return (
    <details className="folded">
      <summary>
        {chat.tool}: {call.name}{' '}
        {call.approval && call.approval.status !== 'WAITING' && (
          <Badge size="sm" variant="default">
            {chat.approvals[call.approval.status]}
          </Badge>
        )}
      </summary>
      <Code block>{readable(call.arguments)}</Code>
      {call.result && (
        <>
          <Text size="sm" mt={4}>
            {chat.result}
          </Text>
          <Code block>{call.result.content}</Code>
        </>
      )}
    </details>
  );
}

/** Returns JSON on lines of its own; what a model wrote wrongly stays as it is. */
function readable(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
