import { useQuery } from '@apollo/client/react';
import { Anchor, Button, Group, Modal, Paper, Stack, Text, TextInput } from '@mantine/core';
import { Plus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { added, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { Backups } from './backups.tsx';
import { Collection } from './collection.tsx';
import { CollectionsDocument, MakeCollectionDocument } from './vectors.generated.ts';

/** Shows the collections, or one of them to search. */
export function Vectors({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Collections /> : <Collection id={id} />;
}

function Collections() {
  const { vectors, pages } = useStrings();
  const format = useFormat();
  const viewer = useViewer();
  const { data, error, fetchMore } = useQuery(CollectionsDocument, { variables: {} });
  const [isMaking, setIsMaking] = useState(false);
  const collections = data?.vectorCollections?.nodes ?? [];
  return (
    <>
      <Heading title={pages.vectors}>
        <Button leftSection={<Plus size={16} />} onClick={() => setIsMaking(true)}>
          {vectors.create}
        </Button>
      </Heading>
      <Problem error={error} />
      {data && collections.length === 0 && <Text>{vectors.none}</Text>}
      <div className="gallery">
        {collections.map(({ id, name, description, objectCount, model }) => (
          <Paper key={id} withBorder p="md" className="passage" dir="auto">
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
      <More
        page={data?.vectorCollections?.pageInfo}
        load={(after) => fetchMore({ variables: { after }, updateQuery: added('vectorCollections') })}
      />
      {viewer?.isAdmin && <Backups />}
      {isMaking && <MakeCollection close={() => setIsMaking(false)} />}
    </>
  );
}

function MakeCollection({ close }: { close(): void }) {
  const { vectors, common } = useStrings();
  const [, go] = useLocation();
  const [make, { loading }] = useMutation(MakeCollectionDocument);
  const [problem, setProblem] = useState<unknown>();
  useReturnFocus();
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
  return (
    <Modal opened onClose={close} title={vectors.create} closeButtonProps={{ 'aria-label': common.close }}>
      <form onSubmit={submit}>
        <Stack>
          <Problem error={problem} />
          <TextInput name="name" label={vectors.name} maxLength={100} required withAsterisk={false} data-autofocus />
          <TextInput name="description" label={vectors.description} maxLength={1000} />
          <Group justify="flex-end">
            <Button type="submit" loading={loading}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
