import { useQuery } from '@apollo/client/react';
import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { added, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { type ContextRowFragment, ContextsDocument, DropContextDocument } from './contexts.generated.ts';
import { EditContext } from './edit-context.tsx';
import { type Place, PlaceChoice, scopeOf } from './place.tsx';

/** An entry that is written: a new one, one that is there, or a copy for a conversation. */
interface Edited {
  readonly entry?: ContextRowFragment;
  readonly isCopy?: boolean;
}

/** Shows the entries that apps keep by key, of the person, of a conversation or of an application. */
export function Contexts() {
  const { contexts, common } = useStrings();
  const viewer = useViewer();
  const [, go] = useLocation();
  const place = placeOf(useSearch());
  const scope = scopeOf(place);
  const [edited, setEdited] = useState<Edited>();
  const { data, error, refetch, fetchMore } = useQuery(ContextsDocument, {
    variables: { scope: scope ?? { scope: 'USER' } },
    skip: scope === undefined,
  });
  const page = scope && data?.contexts;
  const isWriter = place.scope !== 'APPLICATION' || viewer?.isAdmin === true;
  const open = (next: Place) =>
    go(`/contexts?${new URLSearchParams({ scope: next.scope.toLowerCase(), ...(next.of && { of: next.of }) })}`, {
      replace: true,
    });
  return (
    <>
      <Heading title={contexts.title}>
        {place.scope === 'CONVERSATION' && place.of !== '' && (
          <Button component={Link} href={`/chat/${place.of}`} variant="default">
            {contexts.openConversation}
          </Button>
        )}
        {isWriter && (
          <Button leftSection={<Plus size={16} />} disabled={scope === undefined} onClick={() => setEdited({})}>
            {contexts.add}
          </Button>
        )}
      </Heading>
      <Text size="sm" mb="md">
        {contexts.hint}
      </Text>
      <PlaceChoice place={place} scopes={['USER', 'CONVERSATION', 'APPLICATION']} choose={open} />
      <Problem error={error} />
      <Stack gap="sm" mt="md">
        {place.scope !== 'USER' && place.of === '' && <Text>{contexts.choose[place.scope]}</Text>}
        {page?.nodes.length === 0 && <Text>{common.nothing}</Text>}
        {page?.nodes.map((entry) => (
          <Entry
            key={entry.id}
            entry={entry}
            place={place}
            isWriter={isWriter}
            edit={() => setEdited({ entry })}
            copy={() => setEdited({ entry, isCopy: true })}
            changed={refetch}
          />
        ))}
      </Stack>
      <More
        page={page?.pageInfo}
        load={(after) => fetchMore({ variables: { after }, updateQuery: added('contexts') })}
      />
      {edited && (
        <EditContext
          entry={edited.entry}
          place={edited.isCopy ? { scope: 'CONVERSATION', of: '' } : place}
          isCopy={edited.isCopy ?? false}
          close={(kept) => {
            setEdited(undefined);
            if (kept && edited.isCopy) open(kept);
            else void refetch();
          }}
        />
      )}
    </>
  );
}

function placeOf(search: string): Place {
  const given = new URLSearchParams(search);
  const scope = given.get('scope')?.toUpperCase();
  return scope === 'CONVERSATION' || scope === 'APPLICATION'
    ? { scope, of: given.get('of') ?? '' }
    : { scope: 'USER', of: '' };
}

interface EntryProps {
  readonly entry: ContextRowFragment;
  readonly place: Place;
  readonly isWriter: boolean;
  edit(): void;
  copy(): void;
  changed(): unknown;
}

function Entry({ entry, place, isWriter, edit, copy, changed }: EntryProps) {
  const { contexts, common } = useStrings();
  const format = useFormat();
  const [drop] = useMutation(DropContextDocument);
  const { key, value, version, expiresAt, updatedAt } = entry;
  const remove = async () => {
    await drop({ variables: { input: { scope: scopeOf(place)!, key, expectedVersion: version } } });
    await changed();
  };
  return (
    <Paper withBorder p="md" component="article" aria-label={key}>
      <Group justify="space-between" align="flex-start">
        <Text fw={600} className="passage" dir="auto" flex="1 1 10rem" miw={0}>
          {key}
        </Text>
        <Group gap={4} justify="flex-end">
          <Button size="compact-xs" variant="subtle" aria-label={`${contexts.use}: ${key}`} onClick={copy}>
            {contexts.use}
          </Button>
          {isWriter && (
            <>
              <Button size="compact-xs" variant="subtle" aria-label={`${contexts.edit}: ${key}`} onClick={edit}>
                {contexts.edit}
              </Button>
              <Button
                size="compact-xs"
                variant="subtle"
                color="red"
                aria-label={`${common.delete}: ${key}`}
                onClick={() => window.confirm(common.confirmDelete) && void remove()}
              >
                {common.delete}
              </Button>
            </>
          )}
        </Group>
      </Group>
      <Text size="xs" c="dimmed">
        {contexts.version(version)} · {format.time(updatedAt)}
        {expiresAt && ` · ${contexts.ends} ${format.time(expiresAt)}`}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <pre className="value" tabIndex={0}>
        {JSON.stringify(value, null, 2)}
      </pre>
    </Paper>
  );
}
