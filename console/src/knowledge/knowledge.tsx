import { useQuery } from '@apollo/client/react';
import {
  Anchor,
  Badge,
  Button,
  FileButton,
  Group,
  Loader,
  Paper,
  Progress,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useUpload } from '@sextant/client/react';
import { FileText, Search, Upload } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { added, addedWithin, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  type DocumentRowFragment,
  DocumentsDocument,
  OneDocumentDocument,
  RemoveDocumentDocument,
  RetryReadingDocument,
  SearchDocumentsDocument,
} from './knowledge.generated.ts';

/** Documents of one page, as the query asks for them. */
const PAGE = 50;

/** Shows the documents, or one of them with its passages. */
export function Knowledge({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Documents /> : <OneDocument id={id} />;
}

function Documents() {
  const { knowledge, pages, common } = useStrings();
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 300);
  const { data, error, refetch, fetchMore, startPolling, stopPolling } = useQuery(DocumentsDocument, { variables: {} });
  const { upload, progress } = useUpload('document');
  const [problem, setProblem] = useState<unknown>();
  const [isOver, setIsOver] = useState(false);
  const documents = data?.documents?.nodes ?? [];
  // One whose file is on its way counts: a look that begins before its end may come back after it.
  const isBusy = documents.some(({ status }) => status !== 'READY' && status !== 'FAILED');
  // A look shows the first page alone: more of them would be gone.
  const isOnePage = documents.length <= PAGE;
  useEffect(() => {
    if (isBusy && isOnePage) startPolling(2_000);
    return stopPolling;
  }, [isBusy, isOnePage, startPolling, stopPolling]);
  const add = async (files: readonly File[]) => {
    setProblem(undefined);
    for (const file of files) {
      const sending = upload(file);
      setTimeout(() => void refetch(), 1_000);
      await sending.catch(setProblem);
      await refetch();
    }
  };
  return (
    <>
      <Heading title={pages.knowledge} />
      <section
        aria-label={knowledge.add}
        className="drop"
        data-over={isOver}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setIsOver(false);
          void add([...event.dataTransfer.files]);
        }}
      >
        <Text mb="sm">{knowledge.drop}</Text>
        <FileButton multiple onChange={(files) => void add(files)}>
          {(props) => (
            <Button leftSection={<Upload size={16} />} loading={progress !== undefined} {...props}>
              {knowledge.add}
            </Button>
          )}
        </FileButton>
        {progress && <Progress mt="sm" value={progress.share * 100} aria-label={knowledge.add} />}
      </section>
      <Problem error={problem ?? error} />
      <TextInput
        my="md"
        type="search"
        aria-label={knowledge.ask}
        placeholder={knowledge.ask}
        leftSection={<Search size={16} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {query !== '' ? (
        <Found query={query} />
      ) : documents.length === 0 && data ? (
        <Text>{common.nothing}</Text>
      ) : (
        <div className="wide">
          <Table verticalSpacing="sm" highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{knowledge.title}</Table.Th>
                <Table.Th>{knowledge.status}</Table.Th>
                <Table.Th visibleFrom="sm">{knowledge.size}</Table.Th>
                <Table.Th visibleFrom="sm">{knowledge.added}</Table.Th>
                <Table.Th>
                  <span className="mantine-visually-hidden-from-xs">{common.actions}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {documents.map((document) => (
                <Row key={document.id} document={document} changed={() => void refetch()} />
              ))}
            </Table.Tbody>
          </Table>
          <More
            page={data?.documents?.pageInfo}
            load={(after) => fetchMore({ variables: { after }, updateQuery: added('documents') })}
          />
        </div>
      )}
    </>
  );
}

const COLOURS = { AWAITING_UPLOAD: 'gray', QUEUED: 'gray', PROCESSING: 'blue', READY: 'teal', FAILED: 'red' } as const;

function Row({ document, changed }: { document: DocumentRowFragment; changed(): void }) {
  const { knowledge, common } = useStrings();
  const format = useFormat();
  const [retry] = useMutation(RetryReadingDocument);
  const [remove] = useMutation(RemoveDocumentDocument);
  const { id, title, status, progress, problem } = document;
  return (
    <Table.Tr>
      <Table.Td className="named">
        <Group gap="xs" wrap="nowrap">
          <FileText size={16} aria-hidden />
          <Anchor component={Link} href={`/knowledge/${id}`} underline="always" dir="auto">
            {title}
          </Anchor>
          {document.access === 'SHARED' && <Badge variant="default">{knowledge.shared}</Badge>}
        </Group>
        {problem && (
          <Text size="sm" className="failed">
            {problem.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={COLOURS[status]} autoContrast>
          {knowledge.states[status]}
        </Badge>
        {status === 'PROCESSING' && progress.total > 0 && (
          <Progress mt={4} value={(100 * progress.done) / progress.total} aria-label={title} />
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">{format.bytes(document.size)}</Table.Td>
      <Table.Td visibleFrom="sm">{format.time(document.createdAt)}</Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end">
          {status === 'FAILED' && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`${common.retry}: ${title}`}
              onClick={() => void retry({ variables: { id } }).then(changed)}
            >
              {common.retry}
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            color="red"
            aria-label={`${common.delete}: ${title}`}
            onClick={() => window.confirm(common.confirmDelete) && void remove({ variables: { id } }).then(changed)}
          >
            {common.delete}
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function Found({ query }: { query: string }) {
  const { knowledge, common } = useStrings();
  const format = useFormat();
  const { data, error, loading } = useQuery(SearchDocumentsDocument, { variables: { input: { query } } });
  if (error) return <Problem error={error} />;
  if (!data && loading) return <Loader size="sm" />;
  const { matches = [], degraded } = data?.searchKnowledge ?? {};
  return (
    <Stack aria-live="polite">
      {degraded && <Text size="sm">{knowledge.degraded}</Text>}
      {matches.length === 0 && <Text>{common.noMatch}</Text>}
      {matches.map(({ passage: { id, text, citation }, score }) => (
        <Paper key={id} withBorder p="md">
          <Group justify="space-between" mb={4}>
            <Anchor
              component={Link}
              href={`/knowledge/${citation.documentId}?passage=${id}`}
              underline="always"
              dir="auto"
            >
              {[citation.title, citation.section, citation.page != null && knowledge.page(citation.page)]
                .filter(Boolean)
                .join(' · ')}
            </Anchor>
            <Text size="sm">
              {knowledge.relevance} {format.percent(score)}
            </Text>
          </Group>
          <Text size="sm" className="passage" dir="auto" lineClamp={5}>
            {text}
          </Text>
        </Paper>
      ))}
    </Stack>
  );
}

function OneDocument({ id }: { id: string }) {
  const { knowledge, common, pages } = useStrings();
  const { data, error, fetchMore } = useQuery(OneDocumentDocument, { variables: { id } });
  const marked = new URLSearchParams(useSearch()).get('passage');
  const document = data?.document;
  const page = document?.passages.pageInfo;
  const isThere = document?.passages.nodes.some((passage) => passage.id === marked) ?? false;
  const more = useCallback(
    (after: string) => fetchMore({ variables: { after }, updateQuery: addedWithin('document', 'passages') }),
    [fetchMore],
  );
  useEffect(() => {
    if (isThere && marked) window.document.getElementById(marked)?.scrollIntoView({ block: 'center' });
    // The passage that is looked for may lie far in.
    else if (marked && page?.hasNextPage) void more(page.endCursor!);
  }, [isThere, marked, page, more]);
  return (
    <>
      <Anchor component={Link} href="/knowledge" underline="always">
        {knowledge.back}
      </Anchor>
      <Heading title={document?.title ?? pages.knowledge}>
        {document?.originalUrl && (
          <Button component="a" href={document.originalUrl} variant="default">
            {common.open}
          </Button>
        )}
      </Heading>
      <Problem error={error} />
      {data && !document && <Text>{common.notFound}</Text>}
      <Stack>
        {document?.passages.nodes.map(({ id: passageId, text, citation }) => (
          <article key={passageId} id={passageId} className={passageId === marked ? 'marked' : undefined}>
            <Text size="xs" c="dimmed">
              {[citation.section, citation.page != null && knowledge.page(citation.page)].filter(Boolean).join(' · ')}
            </Text>
            <Text className="passage" dir="auto">
              {text}
            </Text>
          </article>
        ))}
      </Stack>
      <More page={page} load={more} />
    </>
  );
}
