import { useQuery } from '@apollo/client/react';
import { Badge, Button, Card, FileButton, Group, Progress, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useUpload } from '@sextant/client/react';
import { Search, Sparkles, Upload } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { added, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { GalleryDocument, MakeImagesDocument } from './images.generated.ts';
import { OneImage } from './one-image.tsx';

/** Shows the images, or one of them. */
export function Images({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Gallery /> : <OneImage id={id} />;
}

function Gallery() {
  const { images, pages, common } = useStrings();
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim() || null, 300);
  const [prompt, setPrompt] = useState('');
  const { data, previousData, error, refetch, fetchMore } = useQuery(GalleryDocument, { variables: { search } });
  const [make, { loading }] = useMutation(MakeImagesDocument);
  const { upload, progress } = useUpload('image');
  const [problem, setProblem] = useState<unknown>();
  const shown = (data ?? previousData)?.images?.nodes ?? [];
  const add = async (files: readonly File[]) => {
    setProblem(undefined);
    for (const file of files) await upload(file).catch(setProblem);
    await refetch();
  };
  return (
    <>
      <Heading title={pages.images}>
        <FileButton multiple accept="image/*" onChange={(files) => void add(files)}>
          {(props) => (
            <Button leftSection={<Upload size={16} />} loading={progress !== undefined} {...props}>
              {images.add}
            </Button>
          )}
        </FileButton>
      </Heading>
      {progress && <Progress mb="sm" value={progress.share * 100} aria-label={images.add} />}
      <Group mb="md" align="flex-end">
        <TextInput
          flex={1}
          miw={180}
          type="search"
          aria-label={images.search}
          placeholder={images.search}
          leftSection={<Search size={16} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <TextInput
          flex={1}
          miw={180}
          aria-label={images.prompt}
          placeholder={images.prompt}
          value={prompt}
          onChange={(event) => setPrompt(event.currentTarget.value)}
        />
        <Button
          variant="default"
          leftSection={<Sparkles size={16} />}
          loading={loading}
          disabled={prompt.trim() === ''}
          onClick={() => void make({ variables: { prompt } }).then(() => refetch(), setProblem)}
        >
          {images.generate}
        </Button>
      </Group>
      <Problem error={problem ?? error} />
      {data && shown.length === 0 && <Text>{search === null ? images.empty : common.noMatch}</Text>}
      <div className="gallery">
        {shown.map(({ id, fileName, status, url, problem: wrong }) => (
          <Card key={id} withBorder padding="xs" component={Link} href={`/images/${id}`}>
            {url && (
              <Card.Section>
                <img src={url} alt="" loading="lazy" />
              </Card.Section>
            )}
            <Text size="sm" mt="xs" truncate dir="auto">
              {fileName}
            </Text>
            {status !== 'READY' && <Badge variant="light">{images.states[status]}</Badge>}
            {wrong && <Text size="xs">{wrong}</Text>}
          </Card>
        ))}
      </div>
      <More
        page={data?.images?.pageInfo}
        load={(after) => fetchMore({ variables: { search, after }, updateQuery: added('images') })}
      />
    </>
  );
}
