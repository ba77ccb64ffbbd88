import { useQuery } from '@apollo/client/react';
import { Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { useStrings } from '../strings/strings.tsx';
import { ContextPlaceDocument, ContextPlacesDocument } from './contexts.generated.ts';

/** What context entries belong to, as the address names it: to the person, a conversation or an application. */
export interface Place {
  readonly scope: 'USER' | 'CONVERSATION' | 'APPLICATION';
  /** Of the conversation its id, of the application its name; empty where none is chosen yet. */
  readonly of: string;
}

/** Returns the place as the graph takes it; undefined until it is chosen. */
export function scopeOf({ scope, of }: Place) {
  if (scope === 'USER') return { scope };
  if (of === '') return undefined;
  return scope === 'CONVERSATION' ? { scope, conversationId: of } : { scope, application: of };
}

interface ChoiceProps {
  readonly place: Place;
  /** The scopes that are offered; one alone is not asked for. */
  readonly scopes: readonly Place['scope'][];
  choose(place: Place): void;
}

/** Asks what entries belong to. */
export function PlaceChoice({ place, scopes, choose }: ChoiceProps) {
  const { contexts } = useStrings();
  return (
    <Group gap="sm" align="flex-end">
      {scopes.length > 1 && (
        <SegmentedControl
          aria-label={contexts.scope}
          value={place.scope}
          onChange={(scope) => choose({ scope: scope as Place['scope'], of: '' })}
          data={scopes.map((scope) => ({ value: scope, label: contexts.scopes[scope] }))}
        />
      )}
      {place.scope === 'CONVERSATION' && (
        <ConversationChoice value={place.of} choose={(of) => choose({ scope: 'CONVERSATION', of })} />
      )}
      {place.scope === 'APPLICATION' && (
        <ApplicationChoice value={place.of} choose={(of) => choose({ scope: 'APPLICATION', of })} />
      )}
    </Group>
  );
}

function ApplicationChoice({ value, choose }: { value: string; choose(name: string): void }) {
  const { contexts } = useStrings();
  const [name, setName] = useState(value);
  // Not each letter of a name is a name.
  const chosen = useDebouncedCallback(choose, 400);
  return (
    <TextInput
      flex={1}
      miw={180}
      aria-label={contexts.application}
      placeholder={contexts.application}
      maxLength={100}
      value={name}
      onChange={(event) => {
        setName(event.currentTarget.value);
        chosen(event.currentTarget.value.trim());
      }}
    />
  );
}

function ConversationChoice({ value, choose }: { value: string; choose(id: string): void }) {
  const { contexts, chat } = useStrings();
  const { data } = useQuery(ContextPlacesDocument);
  const listed = data?.conversations?.nodes ?? [];
  // A link may name one that is not among the newest.
  const isListed = listed.some(({ id }) => id === value);
  const named = useQuery(ContextPlaceDocument, { variables: { id: value }, skip: value === '' || isListed });
  const other = named.data?.conversation;
  return (
    <Select
      flex={1}
      miw={220}
      aria-label={contexts.conversation}
      placeholder={contexts.conversation}
      searchable
      allowDeselect={false}
      value={value === '' ? null : value}
      onChange={(id) => id && choose(id)}
      data={[...listed, ...(other && !isListed ? [other] : [])].map(({ id, title }) => ({
        value: id,
        label: title ?? chat.untitled,
      }))}
    />
  );
}
