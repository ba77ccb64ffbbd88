import { useQuery } from '@apollo/client/react';
import {
  Anchor,
  Badge,
  Box,
  Button,
  Group,
  Modal,
  Paper,
  Select,
  Slider,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Braces, Download, Pin, Plus, Search } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { added, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useAction } from '../frame/use-action.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  ChangeMemoryDocument,
  ExportMemoryDocument,
  ForgetMemoryDocument,
  KeepMemoryDocument,
  MemoriesDocument,
  type MemoryRowFragment,
  RememberDocument,
  SearchMemoryDocument,
} from './memory.generated.ts';

type Kind = MemoryRowFragment['kind'];

/** Shows what is remembered about the person: to search, write, edit, pin, forget and take along. */
export function Memory() {
  const { memory, pages, common, contexts } = useStrings();
  const [all, setAll] = useState(false);
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 300);
  const [edited, setEdited] = useState<MemoryRowFragment | 'new'>();
  const variables = { filter: { includeSuperseded: all } };
  const { data, error, refetch, fetchMore } = useQuery(MemoriesDocument, { variables });
  const found = useQuery(SearchMemoryDocument, { variables: { input: { query } }, skip: query === '' });
  const [exportAll] = useMutation(ExportMemoryDocument);
  const exporting = useAction(async () => {
    const { data: made } = await exportAll();
    if (made?.exportMemory) window.location.assign(made.exportMemory.url);
  });
  const shown =
    query === '' ? data?.memories?.nodes : found.data?.searchMemories?.matches.map(({ memory: one }) => one);
  return (
    <>
      <Heading title={pages.memory}>
        <Button component={Link} href="/contexts" variant="default" leftSection={<Braces size={16} />}>
          {contexts.title}
        </Button>
        <Button
          variant="default"
          leftSection={<Download size={16} />}
          loading={exporting.isRunning}
          onClick={() => exporting.run()}
        >
          {memory.export}
        </Button>
        <Button leftSection={<Plus size={16} />} onClick={() => setEdited('new')}>
          {memory.add}
        </Button>
      </Heading>
      <Group mb="md" align="center">
        <TextInput
          flex={1}
          miw={200}
          type="search"
          aria-label={memory.search}
          placeholder={memory.search}
          leftSection={<Search size={16} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Switch label={memory.superseded} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
      </Group>
      <Problem error={error ?? found.error} />
      {shown?.length === 0 && <Text>{query === '' ? memory.none : common.noMatch}</Text>}
      <Stack gap="sm">
        {shown?.map((one) => (
          <Remembered key={one.id} memory={one} edit={() => setEdited(one)} />
        ))}
      </Stack>
      {query === '' && (
        <More
          page={data?.memories?.pageInfo}
          load={(after) => fetchMore({ variables: { ...variables, after }, updateQuery: added('memories') })}
        />
      )}
      {edited && (
        <Edit
          memory={edited === 'new' ? undefined : edited}
          close={() => {
            setEdited(undefined);
            void refetch();
          }}
        />
      )}
    </>
  );
}

interface RememberedProps {
  readonly memory: MemoryRowFragment;
  edit(): void;
}

function Remembered({ memory: one, edit }: RememberedProps) {
  const { memory } = useStrings();
  const format = useFormat();
  const [pin] = useMutation(KeepMemoryDocument);
  const [forget] = useMutation(ForgetMemoryDocument, {
    // Out of each list that is here, however many pages of it were read.
    update: (cache, { data }) => {
      for (const id of data?.forget?.deletedIds ?? []) cache.evict({ id: `Memory:${id}` });
      cache.gc();
    },
  });
  return (
    <Paper withBorder p="md" component="article">
      <Group justify="space-between" align="flex-start">
        <Box flex="1 1 14rem" miw={0}>
          <Group gap="xs" mb={4}>
            <Badge variant="light">{memory.kinds[one.kind]}</Badge>
            {one.pinned && <Pin size={14} aria-label={memory.pin} />}
            <Text size="xs" c="dimmed">
              {one.origin === 'MANUAL' ? memory.byHand : memory.learned} · {format.day(one.createdAt)} ·{' '}
              {memory.used(one.uses)}
            </Text>
          </Group>
          <Text className="passage" dir="auto" td={one.supersededBy ? 'line-through' : undefined}>
            {one.text}
          </Text>
          {one.supersededBy && (
            <Text size="sm">
              {memory.replaced}: <bdi>{one.supersededBy.text}</bdi>
            </Text>
          )}
          {one.supersedes.map(({ id, text }) => (
            <Text size="sm" key={id}>
              {memory.replaces}: <bdi>{text}</bdi>
            </Text>
          ))}
          {one.conversation && (
            <Anchor component={Link} href={`/chat/${one.conversation.id}`} size="sm" underline="always">
              {memory.from}: <bdi>{one.conversation.title ?? one.source?.quote}</bdi>
            </Anchor>
          )}
        </Box>
        <Group gap={4} justify="flex-end">
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`${one.pinned ? memory.unpin : memory.pin}: ${one.text}`}
            onClick={() => void pin({ variables: { id: one.id, pinned: !one.pinned } })}
          >
            {one.pinned ? memory.unpin : memory.pin}
          </Button>
          <Button size="compact-xs" variant="subtle" aria-label={`${memory.edit}: ${one.text}`} onClick={edit}>
            {memory.edit}
          </Button>
          <Button
            size="compact-xs"
            variant="subtle"
            color="red"
            aria-label={`${memory.forget}: ${one.text}`}
            onClick={() => window.confirm(memory.forgetAsk) && void forget({ variables: { ids: [one.id] } })}
          >
            {memory.forget}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
}

function Edit({ memory: one, close }: { memory: MemoryRowFragment | undefined; close(): void }) {
  const { memory, common } = useStrings();
  const [text, setText] = useState(one?.text ?? '');
  const [kind, setKind] = useState<Kind>(one?.kind ?? 'FACT');
  const [importance, setImportance] = useState(one?.importance ?? 0.5);
  const [problem, setProblem] = useState<unknown>();
  useReturnFocus();
  const [remember] = useMutation(RememberDocument);
  const [change] = useMutation(ChangeMemoryDocument);
  const kinds = (Object.entries(memory.kinds) as [Kind, string][]).map(([value, label]) => ({ value, label }));
  const save = useAction(async () => {
    try {
      const values = { text, kind, importance };
      if (one) await change({ variables: { input: { id: one.id, ...values } } });
      else await remember({ variables: { input: { memories: [values] } } });
      close();
    } catch (error) {
      setProblem(error);
    }
  });
  return (
    <Modal
      opened
      onClose={close}
      title={one ? memory.edit : memory.add}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack>
        <Problem error={problem} />
        <Textarea
          label={memory.text}
          autosize
          minRows={2}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
        <Select
          label={memory.kind}
          data={kinds}
          value={kind}
          allowDeselect={false}
          onChange={(value) => setKind(value as Kind)}
        />
        <div>
          <Text size="sm" fw={500}>
            {memory.importance}
          </Text>
          <Slider
            min={0}
            max={1}
            step={0.1}
            value={importance}
            onChange={setImportance}
            thumbLabel={memory.importance}
          />
        </div>
        <Group justify="flex-end">
          <Button loading={save.isRunning} onClick={() => save.run()} disabled={text.trim() === ''}>
            {common.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
