import { useQuery } from '@apollo/client/react';
import { Anchor, Button, ColorSwatch, Grid, Group, Stack, Switch, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  DescribeImageDocument,
  MakeImagesDocument,
  OneImageDocument,
  ReadImageDocument,
  RemoveImageDocument,
} from './images.generated.ts';
import { Variants } from './variants.tsx';

/** Bits of the hash by which pictures are compared. */
const HASH_BITS = 64;

/** Shows an image: the text in it where it stands, what it shows, its colours, and what looks like it. */
export function OneImage({ id }: { readonly id: string }) {
  const { images, common, pages } = useStrings();
  const format = useFormat();
  const [, go] = useLocation();
  const { data, error, startPolling, stopPolling } = useQuery(OneImageDocument, { variables: { id } });
  const [read, reading] = useMutation(ReadImageDocument, { variables: { id } });
  const [describe, describing] = useMutation(DescribeImageDocument, { variables: { id } });
  const [remove] = useMutation(RemoveImageDocument, { variables: { id } });
  const [hasBoxes, setHasBoxes] = useState(true);
  const [problem, setProblem] = useState<unknown>();
  const image = data?.image;
  const isRead = image?.ocr?.status === 'RUNNING';
  useEffect(() => {
    if (isRead) startPolling(1_000);
    return stopPolling;
  }, [isRead, startPolling, stopPolling]);
  // What is shown is the first page.
  const lines = (image?.ocr?.lines ?? []).filter(({ page }) => page === 1);
  const [make, making] = useMutation(MakeImagesDocument);
  /** Asks the model once more for what the picture was made from. */
  const again = async () => {
    const { data: made } = await make({ variables: { prompt: image!.prompt! } });
    const [next] = made?.generateImages?.images ?? [];
    if (next) go(`/images/${next.id}`);
  };
  return (
    <>
      <Anchor component={Link} href="/images" underline="always">
        {images.back}
      </Anchor>
      <Heading title={image?.fileName ?? pages.images}>
        <Button
          variant="subtle"
          color="red"
          onClick={() => window.confirm(common.confirmDelete) && void remove().then(() => go('/images'))}
        >
          {common.delete}
        </Button>
      </Heading>
      <Problem error={problem ?? error} />
      {data && !image && <Text>{common.notFound}</Text>}
      {image && (
        <Grid>
          <Grid.Col span={{ base: 12, sm: 7 }}>
            <div className="picture">
              {image.url && <img src={image.url} alt={image.descriptions[0]?.text ?? image.fileName} />}
              {hasBoxes && lines.length > 0 && image.width && image.height && (
                <svg viewBox={`0 0 ${image.width} ${image.height}`} preserveAspectRatio="none" aria-hidden>
                  {lines.map(({ text, box }) => (
                    <rect key={`${box.x} ${box.y} ${text}`} x={box.x} y={box.y} width={box.width} height={box.height} />
                  ))}
                </svg>
              )}
            </div>
          </Grid.Col>
          <Grid.Col span={{ base: 12, sm: 5 }}>
            <Stack>
              <Text size="sm">
                {image.width} × {image.height} · {image.byteSize != null && format.bytes(image.byteSize)} ·{' '}
                {format.time(image.createdAt)}
              </Text>
              {image.prompt && (
                <Group align="flex-start" wrap="nowrap">
                  <Text flex={1} className="passage">
                    {image.prompt}
                  </Text>
                  <Button
                    size="compact-sm"
                    variant="default"
                    loading={making.loading}
                    onClick={() => void again().catch(setProblem)}
                  >
                    {images.again}
                  </Button>
                </Group>
              )}
              <Group gap={6} aria-label={images.palette} role="group">
                {image.analysis?.palette.map(({ hex }) => (
                  <ColorSwatch key={hex} color={hex} size={20} title={hex} />
                ))}
              </Group>
              <Group>
                <Button
                  variant="default"
                  loading={reading.loading || isRead}
                  onClick={() => void read().catch(setProblem)}
                >
                  {images.readText}
                </Button>
                <Button
                  variant="default"
                  loading={describing.loading}
                  onClick={() => void describe().catch(setProblem)}
                >
                  {images.describe}
                </Button>
              </Group>
              {image.descriptions.map(({ text, model }) => (
                <Text key={text} dir="auto">
                  {text} <small>({model})</small>
                </Text>
              ))}
              {image.ocr && !isRead && (
                <section>
                  <Group justify="space-between">
                    <Title order={2} size="h5">
                      {images.text}
                    </Title>
                    <Switch
                      size="xs"
                      label={images.boxes}
                      checked={hasBoxes}
                      onChange={(event) => setHasBoxes(event.currentTarget.checked)}
                    />
                  </Group>
                  <Text className="passage" dir="auto">
                    {image.ocr.text || image.ocr.problem || images.none}
                  </Text>
                </section>
              )}
              {image.url && <Variants id={id} />}
              {(data.similarImages?.length ?? 0) > 0 && (
                <section aria-label={images.similar}>
                  <Title order={2} size="h5" mb="xs">
                    {images.similar}
                  </Title>
                  <Group>
                    {data.similarImages?.map(
                      ({ image: one, distance }) =>
                        one.url && (
                          <Link key={one.id} href={`/images/${one.id}`} className="alike">
                            <img src={one.url} alt={one.fileName} width={80} height={80} />
                            <Text size="xs">{images.alike(format.percent(1 - distance / HASH_BITS))}</Text>
                          </Link>
                        ),
                    )}
                  </Group>
                </section>
              )}
            </Stack>
          </Grid.Col>
        </Grid>
      )}
    </>
  );
}
