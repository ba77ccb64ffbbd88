import { useLazyQuery } from '@apollo/client/react';
import { Button, Group, Select, Title } from '@mantine/core';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { useAction } from '../frame/use-action.ts';
import { useStrings } from '../strings/strings.tsx';
import { ImageVariantDocument, type ImageVariantQueryVariables } from './images.generated.ts';

/** The longest side of what is offered, in pixels; the original is as large as it is. */
const SIDES = ['2048', '1024', '512', '256'];
const FORMATS = ['JPEG', 'PNG', 'WEBP', 'AVIF'] as const;
type Format = NonNullable<ImageVariantQueryVariables['format']>;
type Fit = ImageVariantQueryVariables['fit'];

/** Makes the picture in another size and format, and opens it; or the file as it was uploaded. */
export function Variants({ id }: { readonly id: string }) {
  const { images } = useStrings();
  const [side, setSide] = useState<string | null>('1024');
  const [format, setFormat] = useState<Format>('WEBP');
  const [fit, setFit] = useState<Fit>('INSIDE');
  const [read] = useLazyQuery(ImageVariantDocument, { fetchPolicy: 'network-only' });
  const open = useAction(async (original: boolean) => {
    const length = side === null ? null : Number(side);
    const { data, error } = await read({
      variables: { id, width: length, height: length, format, fit: length === null ? 'INSIDE' : fit, original },
    });
    if (error) throw error;
    const url = data?.image?.originalFile ?? data?.image?.variant;
    // Links last ten minutes: this one is made when it is wanted.
    if (url) window.open(url, '_blank', 'noopener');
  });
  return (
    <section aria-label={images.variants}>
      <Title order={2} size="h5" mb="xs">
        {images.variants}
      </Title>
      <Group gap="xs">
        <Select
          size="xs"
          w={130}
          aria-label={images.side}
          placeholder={images.fullSize}
          clearable={side !== null}
          value={side}
          onChange={setSide}
          data={SIDES.map((value) => ({ value, label: `${value} px` }))}
        />
        <Select
          size="xs"
          w={120}
          aria-label={images.fit}
          allowDeselect={false}
          value={fit}
          disabled={side === null}
          onChange={(value) => setFit(value as Fit)}
          data={(['INSIDE', 'COVER'] as const).map((value) => ({ value, label: images.fits[value] }))}
        />
        <Select
          size="xs"
          w={90}
          aria-label={images.format}
          allowDeselect={false}
          value={format}
          onChange={(value) => setFormat(value as Format)}
          data={[...FORMATS]}
        />
        <Button
          size="xs"
          variant="default"
          leftSection={<Download size={14} />}
          loading={open.isRunning}
          onClick={() => open.run(false)}
        >
          {images.openVariant}
        </Button>
        <Button size="xs" variant="subtle" disabled={open.isRunning} onClick={() => open.run(true)}>
          {images.original}
        </Button>
      </Group>
    </section>
  );
}
