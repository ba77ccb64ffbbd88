import { useQuery } from '@apollo/client/react';
import { Loader, Paper, Text } from '@mantine/core';
import { type KeyboardEvent, memo, type PointerEvent, useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { MapCollectionDocument, type MapCollectionQuery } from './vectors.generated.ts';

type Point = NonNullable<MapCollectionQuery['vectorCollection']>['map']['points'][number];

/** How near the pointer has to be; the map is two wide. */
const NEAR = 0.08;
/** The keys that go on by one point: to the sides by `x`, up and down by `y`, so that each point is reached. */
const WAYS: Readonly<Record<string, readonly ['x' | 'y', 1 | -1]>> = {
  ArrowRight: ['x', 1],
  ArrowLeft: ['x', -1],
  ArrowUp: ['y', 1],
  ArrowDown: ['y', -1],
};

interface MapProps {
  readonly id: string;
  /** Ids of what a search has found. */
  readonly found: ReadonlySet<string>;
}

/** Shows the objects of a collection as points. The pointer or the arrow keys go from one to the other and read it. */
export function CollectionMap({ id, found }: MapProps) {
  const { vectors, common } = useStrings();
  const format = useFormat();
  const { data, error, loading } = useQuery(MapCollectionDocument, { variables: { id } });
  const [at, setAt] = useState<number>();
  const map = data?.vectorCollection?.map;
  if (error) return <Problem error={error} />;
  if (!map) return loading ? <Loader size="sm" /> : null;
  if (map.points.length === 0) return <Text>{common.nothing}</Text>;
  const { points } = map;
  const current = at === undefined ? undefined : points[at];
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const svg = event.currentTarget;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()!.inverse());
    const near = nearest(points, (one) => Math.hypot(one.x - x, one.y + y));
    if (near !== undefined && Math.hypot(points[near]!.x - x, points[near]!.y + y) < NEAR) setAt(near);
  };
  const step = (event: KeyboardEvent) => {
    const way = WAYS[event.key];
    if (!way) return;
    event.preventDefault();
    setAt((now) => (now === undefined ? 0 : next(points, now, way)));
  };
  return (
    <div>
      <Text size="sm" mb="xs">
        {vectors.mapHint(format.percent(map.share))} {!map.isWhole && vectors.mapPart(format.number(points.length))}
      </Text>
      <svg
        className="map"
        viewBox="-1.06 -1.06 2.12 2.12"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: of all elements, only these draw points.
        role="listbox"
        aria-label={vectors.map}
        aria-activedescendant={at === undefined ? undefined : `point-${at}`}
        tabIndex={0}
        onPointerMove={point}
        onPointerDown={point}
        onKeyDown={step}
        onFocus={() => setAt((now) => now ?? 0)}
      >
        <Points points={points} found={found} />
        {current && <circle className="current" cx={current.x} cy={-current.y} r={0.035} aria-hidden />}
      </svg>
      <Paper withBorder p="sm" mt="xs" mih="3.5rem" aria-live="polite">
        <Text className="passage" lineClamp={6}>
          {current ? current.object.text || current.object.id : vectors.mapNone}
        </Text>
      </Paper>
    </div>
  );
}

/** The points themselves: they stay as they are while one after the other is looked at. */
const Points = memo(function Points({ points, found }: { points: readonly Point[]; found: ReadonlySet<string> }) {
  return points.map(({ x, y, object }, index) => (
    <circle
      key={object.id}
      id={`point-${index}`}
      role="option"
      aria-selected={found.has(object.id)}
      aria-label={(object.text || object.id).slice(0, 200)}
      className={found.has(object.id) ? 'found' : undefined}
      cx={x}
      cy={-y}
      r={found.has(object.id) ? 0.024 : 0.016}
    />
  ));
});

function nearest(points: readonly Point[], distance: (point: Point) => number): number | undefined {
  let [best, least]: [number | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const [index, point] of points.entries()) {
    const far = distance(point);
    if (far < least) [best, least] = [index, far];
  }
  return least === Number.POSITIVE_INFINITY ? undefined : best;
}

/** Returns the point that comes next in a direction; at the edge the same one. */
function next(points: readonly Point[], from: number, [axis, by]: readonly ['x' | 'y', 1 | -1]): number {
  const order = points.map((_, index) => index).sort((a, b) => points[a]![axis] - points[b]![axis] || a - b);
  return order[order.indexOf(from) + by] ?? from;
}
