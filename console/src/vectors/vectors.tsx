import { useMutation, useQuery } from '@apollo/client/react';
import { Anchor, Button, Group, Modal, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Plus, Search } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  AddTextsDocument,
  CollectionsDocument,
  MakeCollectionDocument,
  OneCollectionDocument,
  SearchCollectionDocument,
} from './vectors.generated.ts';

/** Shows the collections, or one of them to search. */
export function Vectors({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Collections /> : <Collection id={id} />;
}

function Collections() {
  const { vectors, pages, common } = useStrings();
  const format = useFormat();
  const [, go] = useLocation();
  const { data, error } = useQuery(CollectionsDocument);
  const [make] = useMutation(MakeCollectionDocument);
  const [isMaking, setIsMaking] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const [name, description] = [String(values.get('name')), String(values.get('description') ?? '')];
    try {
      const { data: made } = await make({ variables: { input: { name, ...(description && { description }) } } });
      go(`/vectors/${made?.createVectorCollection?.collection.id}`);
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const collections = data?.vectorCollections?.nodes ?? [];
  return (
    <>
      <Heading title={pages.vectors}>
        <Button leftSection={<Plus size={16} />} onClick={() => setIsMaking(true)}>
          {vectors.create}
        </Button>
      </Heading>
      <Problem error={error} />
      {data && collections.length === 0 && <Text>{common.nothing}</Text>}
      <div className="gallery">
        {collections.map(({ id, name, description, objectCount, model }) => (
          <Paper key={id} withBorder p="md">
            <Anchor component={Link} href={`/vectors/${id}`} fw={600} underline="always">
              {name}
            </Anchor>
            <Text size="sm">{vectors.objects(format.number(objectCount))}</Text>
            <Text size="xs" c="dimmed">
              {model}
            </Text>
            {description && <Text size="sm">{description}</Text>}
          </Paper>
        ))}
      </div>
      <Modal
        opened={isMaking}
        onClose={() => setIsMaking(false)}
        title={vectors.create}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <form onSubmit={submit}>
          <Stack>
            <Problem error={problem} />
            <TextInput name="name" label={vectors.name} required withAsterisk={false} data-autofocus />
            <TextInput name="description" label={vectors.description} />
            <Group justify="flex-end">
              <Button type="submit">{common.save}</Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}

function Collection({ id }: { id: string }) {
  const { vectors, pages, common } = useStrings();
  const format = useFormat();
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 300);
  const [lines, setLines] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const { data, error, refetch } = useQuery(OneCollectionDocument, { variables: { id } });
  const found = useQuery(SearchCollectionDocument, {
    variables: { input: { collectionId: id, text: query } },
    skip: query === '',
  });
  const [add, { loading }] = useMutation(AddTextsDocument);
  const collection = data?.vectorCollection;
  const store = async () => {
    const texts = lines.split('\n').map((line) => line.trim());
    const objects = texts.filter(Boolean).map((line) => ({ id: crypto.randomUUID(), text: line }));
    try {
      await add({ variables: { input: { collectionId: id, objects } } });
      setLines('');
      await refetch();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <>
      <Anchor component={Link} href="/vectors" underline="always">
        {vectors.back}
      </Anchor>
      <Heading title={collection?.name ?? pages.vectors} />
      <Problem error={problem ?? error ?? found.error} />
      {data && !collection && <Text>{common.notFound}</Text>}
      {collection && (
        <Stack>
          <Text size="sm">
            {vectors.objects(format.number(collection.objectCount))} · {collection.model}
          </Text>
          <TextInput
            type="search"
            aria-label={vectors.search}
            placeholder={vectors.search}
            leftSection={<Search size={16} />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {query !== ''
            ? found.data?.searchVectors?.hits.map(({ object, score, explanation }) => (
                <Hit
                  key={object.id}
                  text={object.text}
                  score={score}
                  meaning={explanation.dense?.contribution ?? 0}
                  words={explanation.lexical?.contribution ?? 0}
                />
              ))
            : collection.objects.nodes.map((object) => (
                <Paper key={object.id} withBorder p="sm">
                  <Text lineClamp={3}>{object.text}</Text>
                </Paper>
              ))}
          <Textarea
            label={vectors.add}
            autosize
            minRows={2}
            maxRows={8}
            value={lines}
            onChange={(event) => setLines(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button loading={loading} disabled={lines.trim() === ''} onClick={() => void store()}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      )}
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
      <Text>{text}</Text>
      <div className="bar" role="img" aria-label={told} title={told}>
        <i className="meaning" style={{ width: `${Math.max(0, meaning) * 100}%` }} />
        <i className="words" style={{ width: `${Math.max(0, words) * 100}%` }} />
      </div>
      <Text size="xs">{told}</Text>
    </Paper>
  );
}
