import { useQuery } from '@apollo/client/react';
import { Anchor, Button, Group, Paper, Progress, Stack, Tabs, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { newId } from '@sextant/client';
import { Search } from 'lucide-react';
import { Suspense, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { addedWithin, More } from '../frame/more.tsx';
import { part } from '../frame/part.ts';
import { Problem } from '../frame/problem.tsx';
import { useAction } from '../frame/use-action.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  AddTextsDocument,
  OneCollectionDocument,
  type OneCollectionQuery,
  RemoveCollectionDocument,
  RemoveObjectsDocument,
  SearchCollectionDocument,
} from './vectors.generated.ts';

const CollectionMap = part(() => import('./collection-map.tsx'), 'CollectionMap');

type Shown = NonNullable<OneCollectionQuery['vectorCollection']>;
/** The most objects that the graph takes at a time. */
const MAX_OBJECTS = 500;
const NONE: ReadonlySet<string> = new Set();

/** Shows a collection: to search, as a list or as a map, and to add to. */
export function Collection({ id }: { readonly id: string }) {
  const { vectors, pages, common } = useStrings();
  const format = useFormat();
  const [, go] = useLocation();
  const view = new URLSearchParams(useSearch()).get('show') === 'map' ? 'map' : 'list';
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 300);
  const { data, error, refetch, fetchMore } = useQuery(OneCollectionDocument, { variables: { id } });
  const found = useQuery(SearchCollectionDocument, {
    variables: { input: { collectionId: id, text: query, limit: 20 } },
    skip: query === '',
  });
  const [remove] = useMutation(RemoveCollectionDocument);
  const removing = useAction(() => remove({ variables: { id } }).then(() => go('/vectors')));
  const collection = data?.vectorCollection;
  const search = query === '' ? undefined : found.data?.searchVectors;
  const hits = useMemo(() => (search ? new Set(search.hits.map(({ object }) => object.id)) : NONE), [search]);
  const more = (after: string) =>
    fetchMore({ variables: { after }, updateQuery: addedWithin('vectorCollection', 'objects') });
  return (
    <>
      <Anchor component={Link} href="/vectors" underline="always">
        {vectors.back}
      </Anchor>
      <Heading title={collection?.name ?? pages.vectors}>
        {collection && (
          <Button
            variant="subtle"
            color="red"
            loading={removing.isRunning}
            onClick={() => window.confirm(vectors.removeAsk(collection.name)) && removing.run()}
          >
            {common.delete}
          </Button>
        )}
      </Heading>
      <Problem error={error ?? found.error} />
      {data && !collection && <Text>{common.notFound}</Text>}
      {collection && (
        <Stack>
          <Text size="sm">
            {vectors.objects(format.number(collection.objectCount))} · {collection.model}
          </Text>
          {collection.reembedding && <Reembedding state={collection.reembedding} />}
          <TextInput
            type="search"
            aria-label={vectors.search}
            placeholder={vectors.search}
            leftSection={<Search size={16} />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {search?.degraded && <Text size="sm">{search.degraded}</Text>}
          <Tabs
            value={view}
            keepMounted={false}
            onChange={(next) => go(next === 'map' ? `/vectors/${id}?show=map` : `/vectors/${id}`, { replace: true })}
          >
            <Tabs.List mb="md">
              <Tabs.Tab value="list">{vectors.list}</Tabs.Tab>
              <Tabs.Tab value="map">{vectors.map}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="map">
              <Suspense>
                <CollectionMap id={id} found={hits} />
              </Suspense>
            </Tabs.Panel>
            <Tabs.Panel value="list">
              <Stack gap="sm">
                {search?.hits.length === 0 && <Text>{vectors.noHits}</Text>}
                {search?.hits.map(({ object, score, explanation }) => (
                  <Hit
                    key={object.id}
                    text={object.text}
                    score={score}
                    meaning={explanation.dense?.contribution ?? 0}
                    words={explanation.lexical?.contribution ?? 0}
                  />
                ))}
                {query === '' && collection.objects.nodes.length === 0 && <Text>{common.nothing}</Text>}
                {query === '' &&
                  collection.objects.nodes.map((object) => (
                    <Stored key={object.id} object={object} collectionId={id} changed={refetch} />
                  ))}
                {query === '' && <More page={collection.objects.pageInfo} load={more} />}
              </Stack>
            </Tabs.Panel>
          </Tabs>
          {collection.embedsTexts && <Add id={id} added={refetch} />}
        </Stack>
      )}
    </>
  );
}

function Reembedding({ state: { model, done, total, problem } }: { state: NonNullable<Shown['reembedding']> }) {
  const { vectors } = useStrings();
  return (
    <div>
      <Text size="sm">{vectors.reembedding(model, done, total)}</Text>
      <Progress value={total === 0 ? 0 : (100 * done) / total} aria-label={vectors.reembedding(model, done, total)} />
      <Problem error={problem} />
    </div>
  );
}

interface StoredProps {
  readonly object: { readonly id: string; readonly text: string };
  readonly collectionId: string;
  changed(): unknown;
}

function Stored({ object: { id, text }, collectionId, changed }: StoredProps) {
  const { common } = useStrings();
  const [remove] = useMutation(RemoveObjectsDocument);
  const removing = useAction(() => remove({ variables: { collectionId, ids: [id] } }).then(changed));
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Text lineClamp={3} className="passage" dir="auto" flex={1} miw={0}>
          {text || id}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          color="red"
          aria-label={`${common.delete}: ${(text || id).slice(0, 80)}`}
          loading={removing.isRunning}
          onClick={() => window.confirm(common.confirmDelete) && removing.run()}
        >
          {common.delete}
        </Button>
      </Group>
    </Paper>
  );
}

function Add({ id, added: changed }: { id: string; added(): unknown }) {
  const { vectors, common } = useStrings();
  const [lines, setLines] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const [add] = useMutation(AddTextsDocument);
  /** Of what is in the field still: an answer that was lost may have been of what was stored. */
  const ids = useRef<ReadonlyMap<string, string>>(new Map());
  const store = useAction(async () => {
    setProblem(undefined);
    const texts = lines
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    let rest = texts.map((text) => ({ id: ids.current.get(text) ?? newId(), text }));
    const refused: typeof rest = [];
    try {
      while (rest.length > 0) {
        const objects = rest.slice(0, MAX_OBJECTS);
        const { data } = await add({ variables: { input: { collectionId: id, objects } } });
        const errors = new Map(data?.upsertVectors?.results.map((result) => [result.id, result.error]));
        refused.push(...objects.filter((object) => errors.get(object.id)));
        rest = rest.slice(MAX_OBJECTS);
        const [first] = refused;
        if (first) setProblem(vectors.notStored(refused.length, errors.get(first.id) ?? ''));
      }
    } catch (thrown) {
      setProblem(thrown);
    }
    // What was not stored stays in the field.
    ids.current = new Map([...refused, ...rest].map(({ id, text }) => [text, id]));
    setLines([...refused, ...rest].map(({ text }) => text).join('\n'));
    await changed();
  });
  return (
    <>
      <Textarea
        label={vectors.add}
        autosize
        minRows={2}
        maxRows={8}
        value={lines}
        onChange={(event) => setLines(event.currentTarget.value)}
      />
      <Problem error={problem} />
      <Group justify="flex-end">
        <Button loading={store.isRunning} disabled={lines.trim() === ''} onClick={() => store.run()}>
          {common.save}
        </Button>
      </Group>
    </>
  );
}

/** Shows what a score is made of: the two parts beside one another, out of the whole. */
function Hit({ text, score, meaning, words }: { text: string; score: number; meaning: number; words: number }) {
  const { vectors } = useStrings();
  const format = useFormat();
  const told = `${vectors.score} ${format.percent(score)}: ${vectors.meaning} ${format.percent(meaning)}, ${vectors.words} ${format.percent(words)}`;
  return (
    <Paper withBorder p="sm">
      <Text className="passage" dir="auto">
        {text}
      </Text>
      <div className="bar" role="img" aria-label={told} title={told}>
        <i className="meaning" style={{ width: `${Math.max(0, meaning) * 100}%` }} />
        <i className="words" style={{ width: `${Math.max(0, words) * 100}%` }} />
      </div>
      <Text size="xs">{told}</Text>
    </Paper>
  );
}
