import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { useApolloClient } from '@apollo/client/react';
import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useAction } from '../frame/use-action.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { type ContextRowFragment, KeepContextDocument, OneContextDocument } from './contexts.generated.ts';
import { type Place, PlaceChoice, scopeOf } from './place.tsx';

/** How long an entry may be told to last, in seconds. */
const LIVES = { hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000 } as const;
type Life = keyof typeof LIVES | 'never' | 'kept';

interface EditProps {
  /** The entry that is changed or copied; undefined for a new one. */
  readonly entry: ContextRowFragment | undefined;
  readonly place: Place;
  readonly isCopy: boolean;
  /** @param kept where it was stored; undefined when nothing was. */
  close(kept?: Place): void;
}

/** Writes an entry. Two who write the same one at a time do not overwrite one another: the second is told. */
export function EditContext({ entry, place, isCopy, close }: EditProps) {
  const { contexts, common } = useStrings();
  const format = useFormat();
  const graph = useApolloClient();
  const [keep] = useMutation(KeepContextDocument);
  const [target, setTarget] = useState(place);
  const [key, setKey] = useState(entry?.key ?? '');
  const [text, setText] = useState(entry ? JSON.stringify(entry.value, null, 2) : '');
  const [life, setLife] = useState<Life>(entry?.expiresAt ? 'kept' : 'never');
  const [version, setVersion] = useState(isCopy ? 0 : (entry?.version ?? 0));
  const [problem, setProblem] = useState<unknown>();
  const scope = scopeOf(target);
  const save = useAction(async () => {
    setProblem(undefined);
    const value = jsonOf(text);
    if (!value) return setProblem(contexts.notJson);
    const left = entry?.expiresAt ? Math.max(1, Math.ceil((Date.parse(entry.expiresAt) - Date.now()) / 1000)) : 1;
    const ttlSeconds = life === 'never' ? undefined : life === 'kept' ? left : LIVES[life];
    const input = { scope: scope!, key: key.trim(), value: value.json, ttlSeconds, expectedVersion: version };
    await keep({ variables: { input } }).then(() => close(target), setProblem);
  });
  /** Takes what is stored meanwhile, so that it can be written after all. */
  const reload = async () => {
    const address = { scope: scope!, key: key.trim() };
    const { data, error } = await graph.query({ query: OneContextDocument, variables: { input: address } });
    if (error) return setProblem(error);
    const stored = data?.context;
    setVersion(stored?.version ?? 0);
    if (stored) setText(JSON.stringify(stored.value, null, 2));
    setProblem(undefined);
  };
  /** What was typed is sent again; only where another has written meanwhile is theirs shown instead. */
  const retry = () => (isConflict(problem) ? void reload() : save.run());
  useReturnFocus();
  const title = isCopy ? contexts.use : entry ? contexts.edit : contexts.add;
  return (
    <Modal opened onClose={() => close()} title={title} closeButtonProps={{ 'aria-label': common.close }}>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.run();
        }}
      >
        <Stack>
          <Problem error={problem} retry={problem === contexts.notJson ? undefined : retry} />
          {isCopy && <PlaceChoice place={target} scopes={['CONVERSATION']} choose={setTarget} />}
          <TextInput
            label={contexts.key}
            maxLength={200}
            required
            withAsterisk={false}
            readOnly={entry !== undefined && !isCopy}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            data-autofocus={entry === undefined || undefined}
          />
          <Textarea
            label={contexts.value}
            description={contexts.valueHint}
            autosize
            minRows={3}
            maxRows={14}
            required
            withAsterisk={false}
            classNames={{ input: 'value' }}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            data-autofocus={entry !== undefined || undefined}
          />
          <Select
            label={contexts.ends}
            allowDeselect={false}
            value={life}
            onChange={(value) => setLife(value as Life)}
            data={[
              { value: 'never', label: contexts.lives.never },
              ...(entry?.expiresAt ? [{ value: 'kept', label: format.time(entry.expiresAt) }] : []),
              ...(Object.keys(LIVES) as (keyof typeof LIVES)[]).map((value) => ({
                value,
                label: contexts.lives[value],
              })),
            ]}
          />
          <Group justify="flex-end">
            <Button
              type="submit"
              loading={save.isRunning}
              disabled={key.trim() === '' || text.trim() === '' || scope === undefined}
            >
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Whether another has written the entry meanwhile. */
const isConflict = (problem: unknown): boolean =>
  CombinedGraphQLErrors.is(problem) && problem.errors.some(({ extensions }) => extensions?.['code'] === 'CONFLICT');

/** Reads a JSON value; undefined where the text is none. */
function jsonOf(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
